"""Independent cells that all see every channel: a diagonal recurrent network."""

from dataclasses import dataclass

import numpy as np

from latticework.core.checks import require
from latticework.core.topology import NOTHING, AbstractTopology, Wiring


@dataclass(frozen=True)
class Diagonal(AbstractTopology):
    """`num_cells` cells without lateral edges, each fed by all channels and each read.

    Cells are read in groups: cell k belongs to class k mod `num_classes`, so with
    `num_cells == num_classes` there is one cell per class. No cell feeds another, so the self
    trace alone (hop 0) is the exact gradient.

    Args:
        num_cells: number of cells, a multiple of `num_classes`.
        num_channels: number of external channels, the fan-in of every cell.
        num_classes: number of classes.
    """

    num_cells: int = 10
    num_channels: int = 28
    num_classes: int = 10

    def __post_init__(self) -> None:
        require(
            min(self.num_cells, self.num_channels, self.num_classes) >= 1,
            f"a diagonal of {self.num_cells} cells, {self.num_channels} channels and "
            f"{self.num_classes} classes is empty; each must be at least 1",
        )
        require(
            self.num_cells % self.num_classes == 0,
            f"num_cells is {self.num_cells}, expected a multiple of num_classes "
            f"({self.num_classes}) so that every class has as many cells",
        )

    def build(self) -> Wiring:
        """Build the integer tables."""
        shape = (self.num_cells, self.num_channels)
        cell = np.arange(self.num_cells)
        rank, label = np.divmod(cell, self.num_classes)
        return Wiring(
            pred=np.full(shape, NOTHING, dtype=np.int64),
            channel=np.tile(np.arange(self.num_channels), (self.num_cells, 1)),
            readout_ports=cell.reshape(-1, self.num_classes).T.copy(),
            num_channels=self.num_channels,
            has_weight=np.ones(shape, dtype=bool),
            coordinates=np.stack([label, rank], axis=1).astype(float),
        )
