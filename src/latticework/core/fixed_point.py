"""Numbers as hardware stores them: fixed point, so many bits."""

import math
from dataclasses import dataclass
from typing import Literal

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float

from latticework.core.checks import require

Rounding = Literal["nearest", "stochastic"]
MOST_BITS = 22
"""Codes of more bits cannot be rounded in single precision."""


@dataclass(frozen=True)
class FixedPoint:
    """Signed fixed point with saturation.

        step = 2 limit / 2^bits
        stored = step clip(round(value / step), -2^(bits-1), 2^(bits-1) - 1)

    Args:
        bits: bits of a number; 0 for no rounding at all.
        limit: the largest magnitude, a power of two, so that stored numbers are exact floats.
        rounding: "nearest" (ties to even), or "stochastic": up with a probability equal to the
            fraction that is cut off, so that small changes are kept on average.

    Raises:
        ValueError: a value is out of range.
    """

    bits: int = 0
    limit: float = 4.0
    rounding: Rounding = "nearest"

    def __post_init__(self) -> None:
        require(
            self.bits == 0 or 2 <= self.bits <= MOST_BITS,
            f"bits is {self.bits}, expected 2 to {MOST_BITS}, or 0 for no rounding",
        )
        require(
            self.limit > 0 and math.frexp(self.limit)[0] == 0.5,
            f"limit is {self.limit}, expected a power of two, as in 4",
        )
        require(
            self.rounding in ("nearest", "stochastic"),
            f"rounding is {self.rounding!r}, expected 'nearest' or 'stochastic'",
        )

    @property
    def is_exact(self) -> bool:
        """Whether numbers are stored as they are."""
        return self.bits == 0

    @property
    def is_random(self) -> bool:
        """Whether rounding draws random numbers."""
        return self.bits > 0 and self.rounding == "stochastic"

    @property
    def step(self) -> float:
        """Distance between two neighbouring numbers."""
        return 2 * self.limit / 2**self.bits

    def store(self, values: Float[Array, "..."], key: Array | None = None) -> Float[Array, "..."]:
        """`values` as they come back from the store.

        Raises:
            ValueError: stochastic rounding without a key.
        """
        if self.is_exact:
            return values
        scaled = values / jnp.asarray(self.step, values.dtype)
        if self.is_random:
            if key is None:
                raise ValueError("stochastic rounding needs a random key; pass one")
            codes = jnp.floor(scaled + jax.random.uniform(key, values.shape, values.dtype))
        else:
            codes = jnp.round(scaled)
        largest = 2 ** (self.bits - 1)
        return jnp.clip(codes, -largest, largest - 1) * jnp.asarray(self.step, values.dtype)
