"""Named networks of the leaky family: composition only."""

from latticework.cells import LeakyTanh
from latticework.core.cell import AbstractCell
from latticework.core.network import Network
from latticework.core.topology import AbstractTopology
from latticework.readouts import PortSum
from latticework.schedules import Wavefront
from latticework.topologies import Diagonal, Grid, SmallWorld, Tree


def leaky_network(topology: AbstractTopology, cell: AbstractCell | None = None) -> Network:
    """Cells on a topology, swept as a wavefront, read by summing their ports."""
    return Network(cell or LeakyTanh(), topology, Wavefront(), PortSum())


def grid(rows: int = 28, cols: int = 10, cell: AbstractCell | None = None) -> Network:
    """The published grid: 28 x 10 cells, 1,120 parameters."""
    return leaky_network(Grid(rows, cols), cell)


def tree(num_channels: int = 28, num_classes: int = 10, seed: int = 0) -> Network:
    """One balanced binary tree per class: 270 cells, 1,080 parameters."""
    return leaky_network(Tree(num_channels, num_classes, seed))


def diagonal(num_cells: int = 10, num_channels: int = 28, num_classes: int = 10) -> Network:
    """Independent cells that see every channel."""
    return leaky_network(Diagonal(num_cells, num_channels, num_classes))


def small_world(rows: int = 28, cols: int = 10, num_long_edges: int = 56, seed: int = 0) -> Network:
    """The grid with long edges."""
    return leaky_network(SmallWorld(rows, cols, num_long_edges, seed))
