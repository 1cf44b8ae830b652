"""A forest of balanced binary trees, one per class, over the input channels."""

from dataclasses import dataclass

import numpy as np

from latticework.core.checks import require
from latticework.core.seeds import check_seed
from latticework.core.topology import NOTHING, AbstractTopology, Wiring


@dataclass(frozen=True)
class Tree(AbstractTopology):
    """One balanced binary tree of 2-input cells per class, over all channels.

    Each tree has its own fixed random order of the channels. A tree over C channels has C - 1
    cells: 28 channels and 10 classes make 270 cells and 1,080 parameters. The root is read.

    Args:
        num_channels: number of external channels, at least 2.
        num_classes: number of trees.
        seed: draws the channel orders.
        shuffle: False gives every tree the channels in their own order.
    """

    num_channels: int = 28
    num_classes: int = 10
    seed: int = 0
    shuffle: bool = True

    def __post_init__(self) -> None:
        check_seed("seed", self.seed)
        require(
            self.num_channels >= 2,
            f"a tree over {self.num_channels} channels has no cell; num_channels must be 2 or more",
        )
        require(
            self.num_classes >= 1,
            f"num_classes is {self.num_classes}, expected at least 1 (one tree per class)",
        )

    def build(self) -> Wiring:
        """Build the integer tables."""
        rng = np.random.default_rng(self.seed)
        builder = _ForestBuilder()
        roots = []
        for label in range(self.num_classes):
            order = np.arange(self.num_channels)
            if self.shuffle:
                order = rng.permutation(order)
            roots.append(builder.join(order, left_edge=label * (self.num_channels + 1)))
        return builder.wiring(roots, self.num_channels)


class _ForestBuilder:
    """Numbers the cells of the trees as they are made, children before parents."""

    def __init__(self) -> None:
        self.pred: list[list[int]] = []
        self.channel: list[list[int]] = []
        self.place: list[tuple[float, float]] = []

    def join(self, order: np.ndarray, left_edge: float) -> int:
        """Make the tree over the channels `order`; return its root cell."""
        half = (len(order) + 1) // 2
        pred, channel = [NOTHING, NOTHING], [NOTHING, NOTHING]
        height = 0.0
        for slot, (part, edge) in enumerate(
            [(order[:half], left_edge), (order[half:], left_edge + half)]
        ):
            if len(part) == 1:
                channel[slot] = int(part[0])
            else:
                pred[slot] = self.join(part, edge)
                height = max(height, self.place[pred[slot]][1] + 1)
        self.pred.append(pred)
        self.channel.append(channel)
        self.place.append((left_edge + (len(order) - 1) / 2, height))
        return len(self.pred) - 1

    def wiring(self, roots: list[int], num_channels: int) -> Wiring:
        pred = np.array(self.pred, dtype=np.int64)
        return Wiring(
            pred=pred,
            channel=np.array(self.channel, dtype=np.int64),
            readout_ports=np.array(roots, dtype=np.int64)[:, None],
            num_channels=num_channels,
            has_weight=np.ones_like(pred, dtype=bool),
            coordinates=np.array(self.place, dtype=float),
        )
