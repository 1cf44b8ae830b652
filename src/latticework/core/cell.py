"""What one cell computes: the cell axis."""

import abc
import functools
from typing import NamedTuple

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float

from latticework.core.seeds import key_of
from latticework.core.topology import Wiring

CellParams = dict[str, Array]
"""Parameters by name. Axis 0 is the cell; an entry with two axes is `[cell, slot]`."""


class Partials(NamedTuple):
    """Partial derivatives of one step of every cell, at one moment.

    With `state' = update(params, state, inputs)` and `y = output(params, state')`:

    Args:
        state_by_state: `[cell]`, how much of a state is left a step later (the decay).
        state_by_input: `[cell, slot]`.
        state_by_params: congruent with the parameters, at fixed `state` and `inputs`: the
            immediate Jacobian.
        output_by_state: `[cell]`, at the new state.
        output_by_params: congruent with the parameters, at fixed new state.
    """

    state_by_state: Array
    state_by_input: Array
    state_by_params: CellParams
    output_by_state: Array
    output_by_params: CellParams


UNROLL = 16
"""Axes up to this length are summed by explicit additions."""


def sum_over(values: Array, axis: int) -> Array:
    """Sum over a short inner axis.

    XLA's CPU reduction over an axis that is neither first nor last runs an order of magnitude
    slower than the additions it stands for, and slots and users of a cell are few.
    """
    length = values.shape[axis]
    if not 0 < length <= UNROLL:
        return jnp.sum(values, axis=axis)
    parts = [jax.lax.index_in_dim(values, n, axis, keepdims=False) for n in range(length)]
    return functools.reduce(jnp.add, parts)


class AbstractCell(abc.ABC):
    """A cell with one scalar state and one scalar output, for all cells of a lattice at once.

    Layout: axis 0 is the cell, axis 1 of inputs and weights is the slot, and any number of
    trailing axes (batch lanes) may follow as long as they broadcast, so the same equation
    serves one example and a batch. Parameters then carry trailing axes of length 1.

    A new cell needs `init`, `update` and `output`; `partials` comes from autodiff unless a
    closed form overrides it.
    """

    @property
    @abc.abstractmethod
    def param_names(self) -> tuple[str, ...]:
        """Names of the parameter groups."""

    @abc.abstractmethod
    def init(self, key: Array, wiring: Wiring) -> CellParams:
        """Draw parameters for every cell of `wiring`."""

    @abc.abstractmethod
    def update(
        self,
        params: CellParams,
        state: Float[Array, "cell ..."],
        inputs: Float[Array, "cell slot ..."],
    ) -> Float[Array, "cell ..."]:
        """The next state of every cell."""

    @abc.abstractmethod
    def output(
        self, params: CellParams, state: Float[Array, "cell ..."]
    ) -> Float[Array, "cell ..."]:
        """The output of every cell at `state`."""

    def num_parameters(self, wiring: Wiring) -> int:
        """Learnable scalars: per-slot groups count the slots that own a weight."""
        shapes = jax.eval_shape(lambda: self.init(key_of(0), wiring))
        per_slot = int(wiring.has_weight.sum())
        return sum(per_slot if s.ndim == 2 else wiring.num_cells for s in shapes.values())

    def partials(
        self,
        params: CellParams,
        state: Float[Array, "cell ..."],
        inputs: Float[Array, "cell slot ..."],
    ) -> Partials:
        """Partial derivatives of the step from `state` on `inputs`, by autodiff."""
        return autodiff_partials(self, params, state, inputs)


def autodiff_partials(
    cell: AbstractCell, params: CellParams, state: Array, inputs: Array
) -> Partials:
    """`Partials` of any cell by forward-mode autodiff.

    A cell sees only its own entries along axis 0, so one Jacobian-vector product with a tangent of
    ones gives the derivative of every cell at once, and one per slot where there is a slot axis.
    """
    new_state = cell.update(params, state, inputs)

    def update_of(name: str):
        return lambda value: cell.update({**params, name: value}, state, inputs)

    def output_of(name: str):
        return lambda value: cell.output({**params, name: value}, new_state)

    def is_per_slot(name: str) -> bool:
        return params[name].ndim == inputs.ndim

    return Partials(
        state_by_state=_derivative(lambda s: cell.update(params, s, inputs), state),
        state_by_input=_per_slot(lambda u: cell.update(params, state, u), inputs),
        state_by_params={
            name: (_per_slot if is_per_slot(name) else _derivative)(update_of(name), value)
            for name, value in params.items()
        },
        output_by_state=_derivative(lambda s: cell.output(params, s), new_state),
        output_by_params={
            name: (_per_slot if is_per_slot(name) else _derivative)(output_of(name), value)
            for name, value in params.items()
        },
    )


def _derivative(f, value: Array) -> Array:
    """Elementwise derivative of `f` at `value`, in the shape of `f`'s result."""
    return jax.jvp(f, (value,), (jnp.ones_like(value),))[1]


def _per_slot(f, value: Array) -> Array:
    """Derivative by each slot of `value`, stacked on axis 1."""

    def one(slot: int) -> Array:
        tangent = jnp.zeros_like(value).at[:, slot].set(1)
        return jax.jvp(f, (value,), (tangent,))[1]

    return jnp.stack([one(slot) for slot in range(value.shape[1])], axis=1)
