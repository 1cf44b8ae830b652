"""A box of cells in two or three dimensions, each connected to the cells around it."""

import itertools
from dataclasses import dataclass
from functools import cached_property
from typing import Literal, get_args

import numpy as np

from latticework.core.checks import require
from latticework.core.lattice import AbstractLattice
from latticework.core.registry import unknown_name
from latticework.core.topology import NOTHING

Neighbourhood = Literal["moore", "von_neumann"]
"""`moore`: all cells within the radius along every axis. `von_neumann`: the sum of the distances
along the axes is within the radius."""

Edge = Literal["zero", "torus"]
"""What lies beyond a face: cells that are zero, or the cells of the opposite face."""

MAX_CELLS = 1 << 24


@dataclass(frozen=True)
class Lattice(AbstractLattice):
    """Cells in a box, each of which sees its neighbourhood and itself.

    Slots are in the row-major order of the offsets: on a 3-D Moore lattice of radius 1 slot
    d = 9a + 3b + c is the neighbour at (a - 1, b - 1, c - 1), and 13 the cell itself. Information
    flows along the last axis: inputs enter at index 0 of it, and the last index is read.

    Args:
        shape: cells along each axis, two or three of them.
        neighbourhood: "moore" or "von_neumann".
        radius: how far a cell sees.
        edge: "zero" or "torus".

    Raises:
        ValueError: an argument is out of range, or a torus is so small that a cell would see
            another twice.

    Reference: unixpickle, gridnet (2024), github.com/unixpickle/gridnet.
    """

    shape: tuple[int, ...] = (32, 32, 32)
    neighbourhood: Neighbourhood = "moore"
    radius: int = 1
    edge: Edge = "zero"

    def __post_init__(self) -> None:
        object.__setattr__(self, "shape", tuple(self.shape))
        require(
            len(self.shape) in (2, 3) and min(self.shape) >= 1,
            f"the shape of a lattice is {self.shape}, expected two or three numbers from 1 up",
        )
        require(
            self.num_cells <= MAX_CELLS,
            f"a lattice of {self.shape} has {self.num_cells:,} cells; at most {MAX_CELLS:,} are "
            "made: choose a smaller one",
        )
        for field, known in (("neighbourhood", Neighbourhood), ("edge", Edge)):
            value = getattr(self, field)
            require(value in get_args(known), unknown_name(field, value, list(get_args(known))))
        require(self.radius >= 1, f"radius is {self.radius}, expected 1 or more")
        require(
            not self.is_torus or min(self.shape) > 2 * self.radius,
            f"on a torus of {self.shape} a cell with radius {self.radius} would see another "
            f"twice; every axis must have at least {2 * self.radius + 1} cells",
        )

    @property
    def is_torus(self) -> bool:
        """Whether opposite faces touch."""
        return self.edge == "torus"

    @cached_property
    def offsets(self) -> np.ndarray:
        """`[slot, axis]`: where the neighbour at each slot lies, relative to the cell."""
        reach = range(-self.radius, self.radius + 1)
        every = np.array(list(itertools.product(reach, repeat=len(self.shape))))
        if self.neighbourhood == "von_neumann":
            every = every[np.abs(every).sum(axis=1) <= self.radius]
        return every

    @cached_property
    def neighbours(self) -> np.ndarray:
        """`[cell, slot]`: the cell at each slot, -1 outside; cells are numbered row-major."""
        place = np.stack(np.unravel_index(np.arange(self.num_cells), self.shape), axis=1)
        seen = place[:, None] + self.offsets[None]
        size = np.array(self.shape)
        if self.is_torus:
            seen %= size
        inside = np.all((seen >= 0) & (seen < size), axis=-1)
        safe = np.moveaxis(np.where(inside[..., None], seen, 0), -1, 0)
        number = np.ravel_multi_index(tuple(safe), self.shape)
        return np.where(inside, number, NOTHING)
