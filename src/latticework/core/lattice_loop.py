"""Outer steps of a lattice: sweeps with a normalisation between them."""

from dataclasses import dataclass

import jax
from jaxtyping import Array, Float, PyTree

from latticework.core.checks import require
from latticework.core.lattice import (
    AbstractLattice,
    AbstractLatticeCell,
    AbstractLatticeSchedule,
    LatticeParams,
    layer_norm,
)


@dataclass(frozen=True)
class LatticeLoop:
    """What happens to the state of a lattice between input and readout, without parameters.

        x_{n+1} = LN(sweep_n(x_n))                       plain
        q = LN(x_n); x_{n+1} = x_n + (sweep_n(q) - q)    outer residual

    Args:
        lattice: cells and who sees whom.
        cell: what one cell computes.
        schedule: what a sweep is.
        outer_steps: number of sweeps.
        shares_weights: whether all sweeps have the same weights; otherwise the cell's parameters
            have a leading axis of sweeps.
        outer_residual: see above.
        eps: of LN, inside the root.

    Raises:
        ValueError: the schedule does not fit the lattice, or a number is out of range.
    """

    lattice: AbstractLattice
    cell: AbstractLatticeCell
    schedule: AbstractLatticeSchedule
    outer_steps: int
    shares_weights: bool = True
    outer_residual: bool = False
    eps: float = 1e-5

    def __post_init__(self) -> None:
        require(self.outer_steps >= 0, f"outer_steps is {self.outer_steps}, expected 0 or more")
        self.schedule.check(self.lattice)

    def step(
        self, network: LatticeParams, norm: LatticeParams, state: Float[Array, "*cells"]
    ) -> Float[Array, "*cells"]:
        """One outer step of one example, with that step's weights."""

        def normalised(values: Array) -> Array:
            return layer_norm(values, norm["weight"], norm["bias"], self.eps)

        def swept(values: Array) -> Array:
            return self.schedule.sweep(self.cell, self.lattice, network, values)

        if self.outer_residual:
            seen = normalised(state)
            return state + (swept(seen) - seen)
        return normalised(swept(state))

    def trace(
        self, network: LatticeParams, norm: LatticeParams, state: Float[Array, "*cells"]
    ) -> Float[Array, "outer *cells"]:
        """The state of one example after each outer step."""
        return self._scan(self.step, network, norm, state)[1]

    def run(
        self,
        network: LatticeParams,
        norm: LatticeParams,
        state: Float[Array, "*cells"],
        *,
        remat: bool = False,
    ) -> Float[Array, "*cells"]:
        """The state of one example after the last outer step.

        With `remat` the backward pass keeps the state of each outer step and computes the rest
        again.
        """
        return self._scan(jax.checkpoint(self.step) if remat else self.step, network, norm, state)[
            0
        ]

    def _scan(self, step, network: LatticeParams, norm: LatticeParams, state: Array):
        def one(state: Array, separate: PyTree) -> tuple[Array, Array]:
            after = step(network if separate is None else separate, norm, state)
            return after, after

        separate = None if self.shares_weights else network
        return jax.lax.scan(one, state, separate, length=self.outer_steps)
