"""Which influences are kept: against brute force on random wirings."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from latticework.core.influence import influence_pairs, reaches_everything
from latticework.core.topology import NOTHING
from latticework.topologies import Grid, SmallWorld
from support.wirings import reachable, wirings


@settings(max_examples=80)
@given(wirings(), st.integers(0, 4))
def test_pairs_are_those_within_reach(wiring, hops):
    pairs = influence_pairs(wiring, hops)
    distance = reachable(wiring)
    expected = {
        (j, d): distance[j, d]
        for j in range(wiring.num_cells)
        for d in range(wiring.num_cells)
        if 0 <= distance[j, d] <= hops
    }
    listed = list(zip(pairs.src.tolist(), pairs.dst.tolist(), strict=True))
    assert dict(zip(listed, pairs.hops.tolist(), strict=True)) == expected
    assert len(set(listed)) == pairs.num_pairs == len(expected)
    own = [(cell, cell) for cell in range(wiring.num_cells)]
    assert listed[: wiring.num_cells] == own
    for at, (j, d) in enumerate(listed):
        for slot, through in enumerate(pairs.pred_pair[at]):
            p = wiring.pred[d, slot]
            kept = j != d and p != NOTHING and (j, p) in expected
            assert (through != NOTHING) == kept
            if kept:
                assert listed[through] == (j, p)
                assert pairs.stage[through] < pairs.stage[at]


@settings(max_examples=60)
@given(wirings(), st.integers(0, 4))
def test_stages_cover_every_cross_pair_once(wiring, hops):
    pairs = influence_pairs(wiring, hops)
    members = pairs.cross_stages[pairs.cross_stages < pairs.num_pairs]
    assert sorted(members.tolist()) == list(range(wiring.num_cells, pairs.num_pairs))
    for stage, row in enumerate(pairs.cross_stages, start=1):
        assert all(pairs.stage[pair] == stage for pair in row if pair < pairs.num_pairs)


@settings(max_examples=80)
@given(wirings(), st.integers(0, 5))
def test_reaching_everything(wiring, hops):
    assert reaches_everything(wiring, hops) == (reachable(wiring).max() <= hops)


def test_the_grid_by_hand():
    """On the published 28x10 grid: a cell inside keeps three pairs at one hop."""
    wiring = Grid(28, 10).wiring
    one = influence_pairs(wiring, 1)
    # Two successors each, but for the last row and the last column.
    assert one.num_pairs == 280 + 2 * 280 - 28 - 10
    everything = influence_pairs(wiring, wiring.max_depth)
    assert everything.num_pairs == sum((28 - i) * (10 - j) for i in range(28) for j in range(10))
    assert everything.hops.max() == wiring.max_depth == 36
    assert everything.num_stages == 37
    assert influence_pairs(wiring, 0).cross_stages.size == 0


@pytest.mark.parametrize("topology", [Grid(4, 3), SmallWorld(4, 3, num_long_edges=5)])
def test_a_shorter_way_is_enough(topology):
    """With long edges everything is near, though the longest path is as long as before."""
    wiring = topology.wiring
    farthest = int(reachable(wiring).max())
    assert reaches_everything(wiring, farthest)
    assert not reaches_everything(wiring, farthest - 1)
    if isinstance(topology, SmallWorld):
        assert farthest < wiring.max_depth


def test_tables_are_made_once():
    wiring = Grid(3, 3).wiring
    assert influence_pairs(wiring, 1) is influence_pairs(wiring, 1)
    assert np.array_equal(influence_pairs(wiring, 9).src, influence_pairs(wiring, 4).src)
