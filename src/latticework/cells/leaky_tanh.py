"""The leaky tanh filter: the cell of the grid and tree families."""

import functools
from dataclasses import dataclass
from typing import Literal

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from latticework.core.cell import AbstractCell, CellParams, Partials, sum_over
from latticework.core.checks import require
from latticework.core.topology import Wiring


@dataclass(frozen=True)
class LeakyTanh(AbstractCell):
    """A first-order low-pass filter of the weighted inputs, then a biased tanh.

        drive(t) = sum_f weight[f] input[f](t)
        s(t)     = a s(t-1) + (1 - a) drive(t),    a = exp(-dt / tau)
        y(t)     = tanh(s(t) + bias)

    Parameters per cell: `log_tau` (tau in seconds), `weight` per slot, `bias`.

    Args:
        dt: length of a step, in seconds.
        tau_min: smallest initial time constant, in seconds; tau is drawn log-uniform.
        tau_max: largest initial time constant, in seconds.
        weight_gain: initial weights are `weight_gain * z / sqrt(fan_in)`.
        weight_draw: z is N(0, 1) ("normal", as published) or its sign ("signs"): with weights of
            one size no chain of cells starts with a link that passes next to nothing.
        bias_std: standard deviation of the initial bias.
        bias_mean: mean of the initial bias.

    Cost: one exponential per cell and sequence, one tanh per cell and step.

    Reference: T. Pluck, grid-neurons (2026), https://github.com/ThomasPluck/grid-neurons.
    """

    dt: float = 1e-3
    tau_min: float = 1e-3
    tau_max: float = 20e-3
    weight_gain: float = 1.0
    weight_draw: Literal["normal", "signs"] = "normal"
    bias_std: float = 0.05
    bias_mean: float = 0.0

    def __post_init__(self) -> None:
        require(self.dt > 0, f"dt is {self.dt}, expected a positive number of seconds")
        require(
            0 < self.tau_min <= self.tau_max,
            f"tau_min {self.tau_min} and tau_max {self.tau_max} must satisfy "
            "0 < tau_min <= tau_max",
        )
        require(
            self.weight_draw in ("normal", "signs"),
            f"weight_draw is {self.weight_draw!r}, expected 'normal' or 'signs'",
        )
        require(self.bias_std >= 0, f"bias_std is {self.bias_std}, expected 0 or more")

    @property
    def param_names(self) -> tuple[str, ...]:
        """Names of the parameter groups."""
        return ("log_tau", "weight", "bias")

    def init(self, key: Array, wiring: Wiring) -> CellParams:
        """Draw parameters; on the 28x10 grid with `key(0)` this is the published draw.

        One key is split into (tau, one per slot, bias, and two that the published program used
        for its input projection), so that a 2-slot lattice draws exactly as published. Draws are
        float32 whatever the precision of the rest, so that a seed means the same everywhere.
        """
        num_cells, num_slots = wiring.pred.shape
        tau_key, *slot_keys, bias_key, _, _ = jax.random.split(key, num_slots + 4)
        draw = functools.partial(jax.random.normal, shape=(num_cells,), dtype=jnp.float32)
        log_tau = jax.random.uniform(
            tau_key,
            (num_cells,),
            jnp.float32,
            minval=np.log(self.tau_min),
            maxval=np.log(self.tau_max),
        )
        z = jnp.stack([draw(k) for k in slot_keys], axis=1)
        if self.weight_draw == "signs":
            z = jnp.where(z > 0, jnp.ones_like(z), -jnp.ones_like(z))
        scale = np.where(wiring.has_weight, _weight_scale(wiring)[:, None], 0.0)
        bias = self.bias_mean + self.bias_std * draw(bias_key)
        return {
            "log_tau": log_tau,
            "weight": self.weight_gain * z * jnp.asarray(scale, z.dtype),
            "bias": bias,
        }

    def update(
        self,
        params: CellParams,
        state: Float[Array, "cell ..."],
        inputs: Float[Array, "cell slot ..."],
    ) -> Float[Array, "cell ..."]:
        """`a s + (1 - a) drive`."""
        decay = self._decay(params)
        return decay * state + (1 - decay) * _drive(params, inputs)

    def output(
        self, params: CellParams, state: Float[Array, "cell ..."]
    ) -> Float[Array, "cell ..."]:
        """`tanh(s + bias)`."""
        return jnp.tanh(state + params["bias"])

    def partials(
        self,
        params: CellParams,
        state: Float[Array, "cell ..."],
        inputs: Float[Array, "cell slot ..."],
    ) -> Partials:
        """The closed forms; `ds'/dlog_tau = a (dt / tau) (s - drive)`, `dy/dbias = 1 - y^2`."""
        decay = self._decay(params)
        drive = _drive(params, inputs)
        new_state = decay * state + (1 - decay) * drive
        slope = 1 - jnp.square(self.output(params, new_state))
        gain = jnp.expand_dims(1 - decay, 1)
        return Partials(
            state_by_state=jnp.broadcast_to(decay, state.shape),
            state_by_input=jnp.broadcast_to(gain * params["weight"], inputs.shape),
            state_by_params={
                "log_tau": decay * (self.dt * jnp.exp(-params["log_tau"])) * (state - drive),
                "weight": gain * inputs,
                "bias": jnp.zeros_like(state),
            },
            output_by_state=slope,
            output_by_params={
                "log_tau": jnp.zeros_like(state),
                "weight": jnp.zeros_like(inputs),
                "bias": slope,
            },
        )

    def _decay(self, params: CellParams) -> Array:
        return jnp.exp(-self.dt * jnp.exp(-params["log_tau"]))


def _drive(params: CellParams, inputs: Array) -> Array:
    return sum_over(params["weight"] * inputs, axis=1)


def _weight_scale(wiring: Wiring) -> np.ndarray:
    """`1 / sqrt(fan_in)` per cell; a border cell counts as one with two inputs, as published."""
    return 1 / np.sqrt(np.maximum(wiring.connected.sum(axis=1), 2))
