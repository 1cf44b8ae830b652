"""What one cell computes: one file per cell, listed here."""

from latticework.cells.leaky_tanh import LeakyTanh
from latticework.cells.neighbour_mix import GatedNeighbourMix, NeighbourMix
from latticework.core.cell import AbstractCell
from latticework.core.lattice import AbstractLatticeCell
from latticework.core.registry import Registry

CELLS: Registry[AbstractCell] = Registry("cell", {"leaky_tanh": LeakyTanh})

LATTICE_CELLS: Registry[AbstractLatticeCell] = Registry(
    "cell",
    {"neighbour_mix": NeighbourMix, "gated_neighbour_mix": GatedNeighbourMix},
    examples={
        "neighbour_mix": (NeighbourMix(), NeighbourMix("tanh", residual_scale=0.5)),
        "gated_neighbour_mix": (GatedNeighbourMix(), GatedNeighbourMix("tanh")),
    },
)
"""Cells of lattices with cycles; see `core.lattice`."""

__all__ = ["CELLS", "LATTICE_CELLS", "GatedNeighbourMix", "LeakyTanh", "NeighbourMix"]
