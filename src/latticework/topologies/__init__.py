"""Who feeds whom: one file per topology, listed here."""

from latticework.core.lattice import AbstractLattice
from latticework.core.registry import Registry
from latticework.core.topology import AbstractTopology
from latticework.topologies.columns import Buffer, Column, Columns, Inputs, Link, Uniform
from latticework.topologies.diagonal import Diagonal
from latticework.topologies.grid import Grid
from latticework.topologies.lattice import Lattice
from latticework.topologies.ring_layers import RingLayers
from latticework.topologies.small_world import SmallWorld
from latticework.topologies.tree import Tree
from latticework.topologies.windows import Windows

TOPOLOGIES: Registry[AbstractTopology] = Registry(
    "topology",
    {
        "grid": Grid,
        "tree": Tree,
        "diagonal": Diagonal,
        "small_world": SmallWorld,
        "ring_layers": RingLayers,
        "windows": Windows,
    },
    examples={
        "grid": (Grid(4, 3), Grid(1, 1), Grid(1, 3)),
        "tree": (Tree(5, 2), Tree(2, 3)),
        "diagonal": (Diagonal(4, 3, 2),),
        "small_world": (SmallWorld(4, 3, num_long_edges=5),),
        "ring_layers": (
            RingLayers((3, 4, 3), 2, (1, 2), 4, 2),
            RingLayers((4, 3, 2), 3, (1,), 6, 2),
        ),
        "windows": (
            Windows(6, 2, 3, 0, 5, 1, False, 2),
            Windows(7, 2, 1, 1, 4, 2, True, 3),
        ),
    },
)

LATTICES: Registry[AbstractLattice] = Registry(
    "topology",
    {"lattice": Lattice},
    examples={
        "lattice": (
            Lattice((2, 3, 4)),
            Lattice((3, 4, 3), edge="torus"),
            Lattice((4, 3), neighbourhood="von_neumann"),
            Lattice((5, 5), radius=2, edge="torus"),
        )
    },
)
"""Topologies with cycles, whose cells see a neighbourhood; see `core.lattice`."""

__all__ = [
    "LATTICES",
    "TOPOLOGIES",
    "Buffer",
    "Column",
    "Columns",
    "Diagonal",
    "Grid",
    "Inputs",
    "Lattice",
    "Link",
    "RingLayers",
    "SmallWorld",
    "Tree",
    "Uniform",
    "Windows",
]
