"""Which influences a truncated rule keeps: pairs (parameter cell, descendant) within some hops."""

from collections import deque
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from latticework.core.topology import NOTHING, Wiring, kept_by_wiring, pad_groups


@dataclass(frozen=True, eq=False)
class InfluencePairs:
    """The kept influences `J_dj = ds_d/dtheta_j`; the first `num_cells` pairs are (j, j).

    Args:
        src: `[pair]`, the cell j whose parameters are meant.
        dst: `[pair]`, the cell d whose state they influence.
        hops: `[pair]`, the shortest distance from j to d.
        pred_pair: `[pair, slot]`, the pair (j, p) with p the predecessor of d at that slot,
            or -1 when nothing is there or it is not kept.
        stage: `[pair]`, the longest path from j to d inside the kept set: a pair needs only
            pairs of earlier stages of the same step.
    """

    src: np.ndarray
    dst: np.ndarray
    hops: np.ndarray
    pred_pair: np.ndarray
    stage: np.ndarray

    @property
    def num_pairs(self) -> int:
        """Number of kept pairs, self pairs included."""
        return len(self.src)

    @property
    def num_stages(self) -> int:
        """Number of stages; 1 when only self pairs are kept."""
        return int(self.stage.max()) + 1

    @cached_property
    def cross_stages(self) -> np.ndarray:
        """`[stage - 1, width]`: pairs of each stage after the first, padded with `num_pairs`."""
        groups = [np.flatnonzero(self.stage == n) for n in range(1, self.num_stages)]
        return pad_groups(groups, self.num_pairs) if groups else np.zeros((0, 0), np.int64)


@kept_by_wiring
def influence_pairs(wiring: Wiring, max_hops: int) -> InfluencePairs:
    """All pairs (j, d) with d at most `max_hops` hops after j."""
    succ = _successors(wiring)
    reached = [_within(succ, cell, max_hops) for cell in range(wiring.num_cells)]
    pairs = [(cell, cell, 0) for cell in range(wiring.num_cells)]
    pairs += [(j, d, n) for j, near in enumerate(reached) for d, n in near.items() if d != j]
    index = {(j, d): at for at, (j, d, _) in enumerate(pairs)}
    src, dst, hops = (np.array(column, dtype=np.int64) for column in zip(*pairs, strict=True))
    pred_pair = np.full((len(pairs), wiring.num_slots), NOTHING, dtype=np.int64)
    for at, (j, d, _) in enumerate(pairs):
        if j != d:
            pred_pair[at] = [index.get((j, int(p)), NOTHING) for p in wiring.pred[d]]
    stage = np.zeros(len(pairs), dtype=np.int64)
    for at in np.argsort(wiring.depth[dst], kind="stable"):
        fed_by = pred_pair[at][pred_pair[at] >= 0]
        if len(fed_by):
            stage[at] = stage[fed_by].max() + 1
    return InfluencePairs(src, dst, hops, pred_pair, stage)


def reaches_everything(wiring: Wiring, max_hops: int) -> bool:
    """Whether no cell feeds, over however many others, one more than `max_hops` hops away.

    Where paths of different lengths join, that may be so for fewer hops than the lattice is deep.
    """
    if max_hops >= wiring.max_depth:
        return True
    succ = _successors(wiring)
    return all(
        max(_within(succ, cell, max_hops + 1).values()) <= max_hops
        for cell in range(wiring.num_cells)
    )


def _successors(wiring: Wiring) -> list[list[int]]:
    return [[int(d) for d in row if d != NOTHING] for row in wiring.succ[0]]


def _within(succ: list[list[int]], start: int, max_hops: int) -> dict[int, int]:
    """Cells within `max_hops` of `start`, with their distance, by breadth-first search."""
    distance = {start: 0}
    queue = deque([start])
    while queue:
        cell = queue.popleft()
        if distance[cell] < max_hops:
            for after in succ[cell]:
                if after not in distance:
                    distance[after] = distance[cell] + 1
                    queue.append(after)
    return distance
