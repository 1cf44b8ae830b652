"""Spike-timing dependent plasticity of temporal neural networks: five cases, two stabilisers."""

from dataclasses import dataclass

import jax.numpy as jnp
from jaxtyping import Array, Float, Int

from latticework.core.checks import require
from latticework.core.plasticity import AbstractPlasticity

UNITS = 128
"""Probabilities are given in 1/128, as the published programs do."""


@dataclass(frozen=True)
class Stdp(AbstractPlasticity):
    """Weights in 0..w_max move by whole steps, once per wave, each by an independent draw.

    With X and Y the number of steps that source and target were on, and r = w / w_max:

        capture  X > 0, Y > 0, X >= Y + lag   +1 with probability capture F+(r)
        minus    X > 0, Y > 0, X <  Y + lag   -1 with probability minus   F-(r)
        search   X > 0, Y = 0                 +1 with probability search  F+(r)
        backoff  X = 0, Y > 0                 -1 with probability backoff F-(r)

        F+(r) = 1 - (1 - r)^2 (1 - u_min)        F-(r) = 1 - r^2 (1 - u_min)

    `lag` belongs to the schedule: 0 as published, 1 where an input must have had the time to reach
    its target.

    Args:
        capture, minus, search, backoff, u_min: probabilities in 1/128.
        w_max: the largest weight.

    Raises:
        ValueError: a probability is not in 0..128 or the largest weight is not positive.

    Reference: project 18847-rTNN, commit 0db0f76, after J. E. Smith's temporal neural networks.
    """

    capture: float = 20
    minus: float = 20
    search: float = 2
    backoff: float = 96
    u_min: float = 4
    w_max: float = 16

    def __post_init__(self) -> None:
        for name in ("capture", "minus", "search", "backoff", "u_min"):
            value = getattr(self, name)
            require(
                0 <= value <= UNITS,
                f"{name} is {value}, expected a probability in 1/{UNITS}, from 0 to {UNITS}",
            )
        require(self.w_max > 0, f"w_max is {self.w_max}, expected a positive largest weight")

    def check_weights(self, weights, what: str) -> None:
        """Raise ValueError unless all weights lie in 0..w_max, where probabilities are defined."""
        low, high = float(jnp.min(weights)), float(jnp.max(weights))
        require(
            low >= 0 and high <= self.w_max,
            f"the weights of {what} reach from {low:g} to {high:g}, but its rule needs 0 to "
            f"{self.w_max:g}; start them there, or choose another w_max",
        )

    def probabilities(
        self,
        weights: Float[Array, "source target"],
        sources: Int[Array, " source"],
        targets: Int[Array, " target"],
        lag: int = 0,
    ) -> tuple[Array, Array]:
        """The direction of each weight's step, +1 or -1, and its probability."""
        dtype = weights.dtype
        x, y = sources[:, None], targets[None, :]
        searches = y == 0
        captures = ~searches & (x >= y + lag)
        rises = searches | captures
        ratio = weights / jnp.asarray(self.w_max, dtype)
        distance = jnp.where(rises, jnp.asarray(1, dtype) - ratio, ratio)
        rest = jnp.asarray(1 - self.u_min / UNITS, dtype)
        stabiliser = jnp.asarray(1, dtype) - distance * distance * rest

        def unit(value: float) -> Array:
            return jnp.asarray(value / UNITS, dtype)

        active = jnp.where(
            searches, unit(self.search), jnp.where(captures, unit(self.capture), unit(self.minus))
        )
        silent = jnp.where(searches, unit(0), unit(self.backoff))
        rises = rises & (x > 0)
        # A silent source backs off: its weights fall.
        fall = jnp.asarray(1, dtype) - ratio * ratio * rest
        scale = jnp.where(x > 0, active, silent)
        return jnp.where(rises, 1, -1), scale * jnp.where(x > 0, stabiliser, fall)

    def step(
        self,
        weights: Float[Array, "source target"],
        sources: Int[Array, " source"],
        targets: Int[Array, " target"],
        draws: Float[Array, "source target"],
        lag: int = 0,
    ) -> Float[Array, "source target"]:
        """The weights after one wave.

        Args:
            weights: before it.
            sources: steps that each source was on.
            targets: steps that each target was on.
            draws: uniform in 0..1, one per weight.
            lag: see the class.
        """
        direction, probability = self.probabilities(weights, sources, targets, lag)
        moves = jnp.where(draws < probability, direction, 0).astype(weights.dtype)
        return jnp.clip(weights + moves, 0, jnp.asarray(self.w_max, weights.dtype))
