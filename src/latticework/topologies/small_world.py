"""A grid with a few fixed random long edges; still without cycles."""

from dataclasses import dataclass

import numpy as np

from latticework.core.checks import require
from latticework.core.seeds import check_seed
from latticework.core.topology import NOTHING, AbstractTopology, Wiring
from latticework.topologies.grid import Grid


@dataclass(frozen=True)
class SmallWorld(AbstractTopology):
    """A `rows x cols` grid plus `num_long_edges` random edges to cells further on.

    Each long edge runs from a cell to one with a larger index (row-major, so still a directed
    acyclic graph) that the cell does not feed already. It gets a slot and a weight of its own.

    Args:
        rows: number of rows = number of input channels.
        cols: number of columns = number of classes.
        num_long_edges: number of long edges.
        seed: draws the long edges.
    """

    rows: int = 28
    cols: int = 10
    num_long_edges: int = 56
    seed: int = 0

    def __post_init__(self) -> None:
        check_seed("seed", self.seed)
        free = self._num_free_pairs()
        require(
            0 <= self.num_long_edges <= free,
            f"num_long_edges is {self.num_long_edges}, but a {self.rows} x {self.cols} grid has "
            f"room for 0..{free}",
        )

    def build(self) -> Wiring:
        """Build the integer tables."""
        base = Grid(self.rows, self.cols).wiring
        extra: list[list[int]] = [[] for _ in range(base.num_cells)]
        for src, dst in self._draw_edges(base):
            extra[dst].append(src)
        num_extra = max(len(sources) for sources in extra)
        more = np.full((base.num_cells, num_extra), NOTHING, dtype=np.int64)
        for cell, sources in enumerate(extra):
            more[cell, : len(sources)] = sources
        return Wiring(
            pred=np.concatenate([base.pred, more], axis=1),
            channel=np.concatenate([base.channel, np.full_like(more, NOTHING)], axis=1),
            readout_ports=base.readout_ports.copy(),
            num_channels=base.num_channels,
            has_weight=np.concatenate([base.has_weight, more >= 0], axis=1),
            coordinates=base.coordinates.copy(),
        )

    def _num_free_pairs(self) -> int:
        wiring = Grid(self.rows, self.cols).wiring
        return wiring.num_cells * (wiring.num_cells - 1) // 2 - len(wiring.edges)

    def _draw_edges(self, base: Wiring) -> list[tuple[int, int]]:
        """Distinct pairs (source, destination), source < destination, none of them a grid edge."""
        rng = np.random.default_rng(self.seed)
        src, dst = np.triu_indices(base.num_cells, k=1)
        is_free = np.ones((base.num_cells, base.num_cells), dtype=bool)
        is_free[base.edges[:, 0], base.edges[:, 1]] = False
        candidates = np.flatnonzero(is_free[src, dst])
        chosen = rng.choice(candidates, size=self.num_long_edges, replace=False)
        return [(int(src[n]), int(dst[n])) for n in sorted(chosen)]
