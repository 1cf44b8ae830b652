"""One layer of cells, each reading a window of channels; no cell feeds another."""

from dataclasses import dataclass

import numpy as np

from latticework.core.checks import require
from latticework.core.seeds import check_seed
from latticework.core.topology import NOTHING, AbstractTopology, Wiring


@dataclass(frozen=True)
class Windows(AbstractTopology):
    """`num_cells` cells, each on `fan_in` columns that lie `dilation` apart.

    The channels are `num_columns` columns, as often as there are copies of them (a delayed column
    is a copy, see the task `row_image`), and behind these the clock. A cell reads its columns in
    all copies, and the clock where there is one. All places of a window that lie within the columns
    come equally often, in a drawn order. No cell feeds another: the trace of a cell in itself (hop
    0) is the exact gradient, and no message passes.

    Cell k is read for class k modulo `num_classes`; cells beyond the last multiple of the number of
    classes for none, if the readout goes by classes.

    Args:
        num_cells: number of cells, one per class or more.
        fan_in: columns that a cell reads.
        dilation: distance of neighbouring columns of a window.
        seed: draws the windows.
        num_columns: number of columns.
        num_copies: how often all columns come.
        clock: whether the last channel is a clock, which every cell reads.
        num_classes: number of classes.

    Raises:
        ValueError: a number is out of range, or a window is wider than the columns.
    """

    num_cells: int = 140
    fan_in: int = 5
    dilation: int = 3
    seed: int = 0
    num_columns: int = 28
    num_copies: int = 1
    clock: bool = False
    num_classes: int = 10

    def __post_init__(self) -> None:
        check_seed("seed", self.seed)
        for name in ("fan_in", "dilation", "num_columns", "num_copies", "num_classes"):
            require(
                getattr(self, name) >= 1, f"{name} is {getattr(self, name)}, expected at least 1"
            )
        require(
            self.num_cells >= self.num_classes,
            f"num_cells is {self.num_cells}, expected at least one for each of the "
            f"{self.num_classes} classes",
        )
        require(
            self._num_places >= 1,
            f"a window of {self.fan_in} columns, {self.dilation} apart, is wider than the "
            f"{self.num_columns} columns; choose a smaller dilation or fan-in",
        )

    @property
    def _num_places(self) -> int:
        return self.num_columns - self.dilation * (self.fan_in - 1)

    def build(self) -> Wiring:
        """Build the integer tables."""
        rng = np.random.default_rng(self.seed)
        first = rng.permutation(self.num_cells) % self._num_places
        columns = first[:, None] + self.dilation * np.arange(self.fan_in)
        copies = self.num_columns * np.arange(self.num_copies)
        channel = (columns[:, None] + copies[:, None]).reshape(self.num_cells, -1)
        num_channels = self.num_columns * self.num_copies
        if self.clock:
            channel = np.pad(channel, ((0, 0), (0, 1)), constant_values=num_channels)
        cell = np.arange(self.num_cells)
        members = self.num_cells // self.num_classes
        rank, label = np.divmod(cell, self.num_classes)
        return Wiring(
            pred=np.full(channel.shape, NOTHING, dtype=np.int64),
            channel=channel,
            readout_ports=cell[: members * self.num_classes].reshape(members, -1).T.copy(),
            num_channels=num_channels + self.clock,
            has_weight=np.ones(channel.shape, dtype=bool),
            coordinates=np.stack([label, rank], axis=1).astype(float),
        )
