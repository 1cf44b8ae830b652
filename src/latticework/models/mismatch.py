"""Devices that are not what their parameters say: a fixed error of each cell."""

from dataclasses import dataclass

import jax
import jax.numpy as jnp
from jaxtyping import Array

from latticework.core.cell import CellParams
from latticework.core.checks import require
from latticework.core.seeds import check_seed, key_of, own_draws


@dataclass(frozen=True)
class Mismatch:
    """Static mismatch between cells, unknown to the rule.

    A cell with parameters (log_tau, weight, bias) works as one with

        log_tau + time_constant z_1,    weight (1 + gain z_2),    bias

    with z_1, z_2 ~ N(0, 1) drawn once for each cell of each seed. Forward pass, traces and messages
    are all made of the same devices, so that a rule that learns in place sees what the devices do;
    it does not know the factor (1 + gain z_2) of its own weights' steps.

    Args:
        gain: relative standard deviation of a cell's gain.
        time_constant: standard deviation of the logarithm of its time constant.
        seed: draws the devices.

    Raises:
        ValueError: a deviation is negative.
    """

    gain: float = 0.0
    time_constant: float = 0.0
    seed: int = 0

    def __post_init__(self) -> None:
        for name in ("gain", "time_constant"):
            value = getattr(self, name)
            require(value >= 0, f"{name} is {value}, expected a standard deviation, 0 or more")
        check_seed("seed", self.seed)

    @property
    def is_ideal(self) -> bool:
        """Whether every device is what its parameters say."""
        return self.gain == 0 and self.time_constant == 0

    def apply(self, params: CellParams) -> CellParams:
        """What the devices do with `params`, `[seed, cell, ...]`."""
        if self.is_ideal:
            return params
        with own_draws():
            tau_key, gain_key = jax.random.split(key_of(self.seed))
        log_tau, weight = params["log_tau"], params["weight"]
        return {
            **params,
            "log_tau": log_tau + self.time_constant * _normal(tau_key, log_tau),
            "weight": weight * (1 + self.gain * _normal(gain_key, log_tau)[..., None]),
        }


def _normal(key: Array, like: Array) -> Array:
    """One number per seed and cell; the same devices whatever the precision."""
    with own_draws():
        return jax.random.normal(key, like.shape, jnp.float32).astype(like.dtype)
