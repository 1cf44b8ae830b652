"""What imperfect hardware does to learning: six errors of measurement, all off by default."""

from dataclasses import dataclass

import jax.numpy as jnp
from jaxtyping import Array, Float

from latticework.core.checks import require

RMS_FLOOR = 1e-12
"""Added under the root of every root mean square, as published."""


@dataclass(frozen=True)
class NonIdealities:
    """Errors of the learning path. The forward pass and the self traces are never touched.

    Args:
        trace_leak: cross traces keep `decay * (1 - trace_leak)` per step.
        gain_positive: factor on a message that is read as positive.
        gain_negative: factor on a message that is not; equal to `gain_positive` when symmetric.
        subtraction_bias: the cross trace counts `1 + subtraction_bias` times where the part of
            the current step is subtracted from it.
        trace_noise: standard deviation of the noise added to every cross trace at every step, in
            units of the traces' root mean square; it stays in the trace.
        message_noise: standard deviation of the noise of every reading of a message, in units of
            the root mean square of the readout gradient; drawn anew for each reading.

    Source: grid-neurons, the 50-condition sweep.
    """

    trace_leak: float = 0.0
    gain_positive: float = 1.0
    gain_negative: float = 1.0
    subtraction_bias: float = 0.0
    trace_noise: float = 0.0
    message_noise: float = 0.0

    def __post_init__(self) -> None:
        require(
            0 <= self.trace_leak <= 1,
            f"trace_leak is {self.trace_leak}, expected a fraction in 0..1",
        )
        for name in ("trace_noise", "message_noise"):
            value = getattr(self, name)
            require(value >= 0, f"{name} is {value}, expected a standard deviation, 0 or more")

    @property
    def is_ideal(self) -> bool:
        """Whether nothing is wrong."""
        return self == NonIdealities()

    @property
    def touches_traces(self) -> bool:
        """Whether the traces or their subtraction differ from the ideal."""
        return bool(self.trace_leak or self.subtraction_bias or self.trace_noise)

    @property
    def is_noisy(self) -> bool:
        """Whether anything is drawn at random."""
        return bool(self.trace_noise or self.message_noise)

    def read(
        self, message: Float[Array, "..."], scale: Array | float, noise: Array | float
    ) -> Float[Array, "..."]:
        """A message as read: noise first, then gain by sign.

        `scale` is the root mean square of the step's readout gradient, `noise` is standard normal.
        """
        if self.message_noise:
            message = message + self.message_noise * scale * noise
        if self.gain_positive == 1.0 and self.gain_negative == 1.0:
            return message
        return jnp.where(message > 0, self.gain_positive, self.gain_negative) * message


def root_mean_square(values: Float[Array, " n"]) -> Float[Array, ""]:
    """`sqrt(mean(values^2) + 1e-12)`."""
    return jnp.sqrt(jnp.mean(jnp.square(values)) + RMS_FLOOR)
