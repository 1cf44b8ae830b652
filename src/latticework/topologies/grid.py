"""The rectangular grid: two inputs per cell, left and top."""

from dataclasses import dataclass

import numpy as np

from latticework.core.checks import require
from latticework.core.topology import NOTHING, AbstractTopology, Wiring

LEFT, TOP = 0, 1


@dataclass(frozen=True)
class Grid(AbstractTopology):
    """`rows x cols` cells in row-major order, fed from the left and from above.

    Channel i enters the left slot of row i; the bottom row is read, one cell per class. The top
    slots of row 0 own a weight and take nothing, as published, so a 28x10 grid has 1,120
    parameters. A signal crosses the whole grid within one step.

    Args:
        rows: number of rows = number of input channels.
        cols: number of columns = number of classes.
    """

    rows: int = 28
    cols: int = 10

    def __post_init__(self) -> None:
        require(
            self.rows >= 1 and self.cols >= 1,
            f"a grid of {self.rows} x {self.cols} cells is empty; rows and cols must be at least 1",
        )

    def build(self) -> Wiring:
        """Build the integer tables."""
        row, col = np.divmod(np.arange(self.rows * self.cols), self.cols)
        cell = np.arange(self.rows * self.cols)
        pred = np.full((len(cell), 2), NOTHING, dtype=np.int64)
        pred[:, LEFT] = np.where(col > 0, cell - 1, NOTHING)
        pred[:, TOP] = np.where(row > 0, cell - self.cols, NOTHING)
        channel = np.full_like(pred, NOTHING)
        channel[:, LEFT] = np.where(col == 0, row, NOTHING)
        return Wiring(
            pred=pred,
            channel=channel,
            readout_ports=cell[-self.cols :, None].copy(),
            num_channels=self.rows,
            has_weight=np.ones_like(pred, dtype=bool),
            coordinates=np.stack([col, row], axis=1).astype(float),
        )
