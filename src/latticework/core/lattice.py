"""Lattices with cycles: cells in a box that all see their neighbourhood, updated over and over.

The wiring tables of `core.topology` are acyclic. Here every cell feeds its neighbours and is fed by
them, so that a state is an array in the shape of the box, and the axes are stated anew for it.
"""

import abc

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

LatticeParams = dict[str, Array]
"""Parameters by name; the last axes of every entry are those of the box."""


class AbstractLattice(abc.ABC):
    """A box of cells and the neighbourhood that each of them sees."""

    @property
    @abc.abstractmethod
    def shape(self) -> tuple[int, ...]:
        """Cells along each axis."""

    @property
    @abc.abstractmethod
    def offsets(self) -> np.ndarray:
        """`[slot, axis]`: where the neighbour at each slot lies, relative to the cell."""

    @property
    @abc.abstractmethod
    def is_torus(self) -> bool:
        """Whether opposite faces touch; otherwise cells outside are zero."""

    @property
    def num_cells(self) -> int:
        """Number of cells."""
        return int(np.prod(self.shape))

    @property
    def num_slots(self) -> int:
        """Neighbours per cell, itself included where it sees itself."""
        return len(self.offsets)

    @property
    def halo(self) -> int:
        """How far a cell sees, in cells along an axis."""
        return int(np.abs(self.offsets).max())


class AbstractLatticeCell(abc.ABC):
    """What one cell of a lattice computes, for a whole box at once and one example."""

    @property
    @abc.abstractmethod
    def param_names(self) -> tuple[str, ...]:
        """Names of the parameters."""

    @abc.abstractmethod
    def init(self, key: Array, lattice: AbstractLattice) -> LatticeParams:
        """Draw parameters for every cell of `lattice`, float32."""

    @abc.abstractmethod
    def update(
        self,
        params: LatticeParams,
        state: Float[Array, "*cells"],
        seen: Float[Array, "slot *cells"],
    ) -> Float[Array, "*cells"]:
        """The next state of every cell, from its own state and what it sees at each slot."""


class AbstractLatticeSchedule(abc.ABC):
    """When the cells of a lattice are updated, and from which copy of their neighbours."""

    @abc.abstractmethod
    def check(self, lattice: AbstractLattice) -> None:
        """Raise ValueError unless the schedule fits the lattice."""

    @abc.abstractmethod
    def sweep(
        self,
        cell: AbstractLatticeCell,
        lattice: AbstractLattice,
        params: LatticeParams,
        state: Float[Array, "*cells"],
    ) -> Float[Array, "*cells"]:
        """One outer step of the whole lattice."""


def layer_norm(
    values: Float[Array, "*axes"],
    weight: Float[Array, "*axes"],
    bias: Float[Array, "*axes"],
    eps: float,
) -> Float[Array, "*axes"]:
    """`(v - mean) / sqrt(var + eps) * weight + bias`, statistics over everything, var biased."""
    return standardised(values, eps) * weight + bias


def standardised(
    values: Float[Array, "*axes"], eps: float, axes: tuple[int, ...] | None = None
) -> Float[Array, "*axes"]:
    """`(v - mean) / sqrt(var + eps)`, statistics over `axes` or everything, var biased."""
    mean = jnp.mean(values, axis=axes, keepdims=True)
    var = jnp.mean(jnp.square(values - mean), axis=axes, keepdims=True)
    return (values - mean) * jax.lax.rsqrt(var + eps)
