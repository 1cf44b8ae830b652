"""The topologies, each against what defines it."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from latticework.core.topology import NOTHING, Wiring
from latticework.topologies import Diagonal, Grid, RingLayers, SmallWorld, Tree, Windows
from latticework.topologies.grid import LEFT, TOP
from support.wirings import reachable

SIDES = st.integers(1, 7)


@given(SIDES, SIDES)
def test_grid(rows, cols):
    wiring = Grid(rows, cols).wiring
    assert wiring.num_cells == rows * cols
    assert wiring.num_channels == rows
    assert wiring.num_classes == cols
    assert len(wiring.edges) == rows * (cols - 1) + cols * (rows - 1)
    assert wiring.max_depth == rows + cols - 2
    assert wiring.is_graded
    assert wiring.has_weight.all()
    for cell in range(wiring.num_cells):
        i, j = divmod(cell, cols)
        assert wiring.depth[cell] == i + j
        assert wiring.pred[cell, LEFT] == (cell - 1 if j else NOTHING)
        assert wiring.pred[cell, TOP] == (cell - cols if i else NOTHING)
        assert wiring.channel[cell, LEFT] == (NOTHING if j else i)
        assert wiring.channel[cell, TOP] == NOTHING
        assert wiring.coordinates[cell].tolist() == [j, i]
    assert wiring.readout_ports.tolist() == [[(rows - 1) * cols + j] for j in range(cols)]


@given(st.integers(2, 20), st.integers(1, 4), st.integers(0, 3), st.booleans())
def test_tree(num_channels, num_classes, seed, shuffle):
    wiring = Tree(num_channels, num_classes, seed, shuffle).wiring
    per_tree = num_channels - 1
    assert wiring.num_cells == per_tree * num_classes
    assert wiring.connected.all(), "every slot of every cell is fed"
    assert wiring.is_graded
    # Balanced: as low as a binary tree with so many leaves can be.
    assert wiring.max_depth == int(np.ceil(np.log2(num_channels))) - 1
    distance = reachable(wiring)
    for label, (root,) in enumerate(wiring.readout_ports):
        own = np.arange(label * per_tree, (label + 1) * per_tree)
        assert np.array_equal(np.flatnonzero(distance[:, root] >= 0), own)
        channels = wiring.channel[own][wiring.channel[own] >= 0]
        assert sorted(channels.tolist()) == list(range(num_channels)), "each channel once per tree"
        if not shuffle:
            assert leaves_in_order(wiring, root) == list(range(num_channels))


def leaves_in_order(wiring: Wiring, cell: int) -> list[int]:
    found = []
    for slot in range(2):
        channel, source = wiring.channel[cell, slot], wiring.pred[cell, slot]
        found += [int(channel)] if channel >= 0 else leaves_in_order(wiring, source)
    return found


def test_the_published_forest():
    wiring = Tree().wiring
    assert wiring.num_cells == 270
    assert int(wiring.has_weight.sum()) + 2 * wiring.num_cells == 1080
    orders = [leaves_in_order(wiring, root) for (root,) in wiring.readout_ports]
    assert len({tuple(order) for order in orders}) == 10, "each tree has an order of its own"
    assert orders == [leaves_in_order(Tree().wiring, root) for (root,) in wiring.readout_ports]
    other = Tree(seed=1).wiring
    assert orders[0] != leaves_in_order(other, other.readout_ports[0, 0])


@given(st.integers(1, 3), st.integers(1, 5), st.integers(1, 4))
def test_diagonal(per_class, num_channels, num_classes):
    num_cells = per_class * num_classes
    wiring = Diagonal(num_cells, num_channels, num_classes).wiring
    assert len(wiring.edges) == 0
    assert wiring.max_depth == 0
    assert wiring.channel.tolist() == [list(range(num_channels))] * num_cells
    assert wiring.readout_ports.shape == (num_classes, per_class)
    for label, members in enumerate(wiring.readout_ports):
        assert all(cell % num_classes == label for cell in members)


@given(st.integers(2, 5), st.integers(2, 5), st.data())
def test_small_world(rows, cols, data):
    base = Grid(rows, cols).wiring
    free = base.num_cells * (base.num_cells - 1) // 2 - len(base.edges)
    count = data.draw(st.integers(0, min(free, 12)))
    wiring = SmallWorld(rows, cols, count, seed=data.draw(st.integers(0, 5))).wiring
    assert np.array_equal(wiring.pred[:, :2], base.pred)
    assert np.array_equal(wiring.readout_ports, base.readout_ports)
    pairs = [tuple(edge) for edge in wiring.edges[:, :2].tolist()]
    assert len(set(pairs)) == len(pairs) == len(base.edges) + count
    assert all(src < dst for src, dst in pairs)
    assert int(wiring.has_weight.sum()) == base.has_weight.sum() + count
    assert (wiring.connected[:, 2:] == wiring.has_weight[:, 2:]).all()


def test_small_world_seeds():
    tables = [SmallWorld(5, 4, 9, seed).wiring.edges.tolist() for seed in (0, 0, 1)]
    assert tables[0] == tables[1] != tables[2]
    assert SmallWorld(3, 3, 0).wiring.edges.tolist() == Grid(3, 3).wiring.edges.tolist()
    assert SmallWorld(2, 2, 2).wiring.num_cells == 4


def test_ring_layers_as_their_docstring_says():
    topology = RingLayers((6, 4, 5), fan_in=3, strides=(1, 2), num_channels=9, num_classes=2)
    wiring, first = topology.wiring, (0, 6, 10)
    for number, (width, before, stride) in enumerate([(6, 9, 1), (4, 6, 2), (5, 4, 1)]):
        table = wiring.pred if number else wiring.channel
        start = first[number - 1] if number else 0
        for i in range(width):
            centre = i * before // width
            places = [centre + stride * n for n in (0, 1, -1)]
            expected = [start + place % before for place in places]
            assert table[first[number] + i].tolist() == expected
    assert wiring.depth.tolist() == [0] * 6 + [1] * 4 + [2] * 5
    assert wiring.is_graded
    assert wiring.readout_ports.tolist() == [[10, 12], [11, 13]], "the last cell is not read"
    assert (wiring.pred >= 0).sum() + (wiring.channel >= 0).sum() == wiring.has_weight.sum() == 45


def test_the_default_ring_has_1120_parameters():
    wiring = RingLayers().wiring
    assert wiring.has_weight.sum() + 2 * wiring.num_cells == 1120
    assert wiring.readout_ports[3].tolist() == [112 + 3, 112 + 13]
    assert wiring.pred[28 + 5].tolist() == [5, 7, 3, 9, 1, 11], "stride 2 in the second layer"


@pytest.mark.parametrize("clock", [False, True])
def test_windows_as_their_docstring_says(clock):
    wiring = Windows(12, 3, 2, seed=4, num_columns=6, num_copies=2, clock=clock).wiring
    assert len(wiring.edges) == 0
    assert wiring.num_channels == 12 + clock
    firsts = wiring.channel[:, 0]
    assert sorted(firsts.tolist()) == [0] * 6 + [1] * 6, "all places come equally often"
    for first, channels in zip(firsts, wiring.channel, strict=True):
        columns = [first + n for n in (0, 2, 4)]
        delayed = [6 + column for column in columns]
        assert channels.tolist() == columns + delayed + [12] * clock
    assert wiring.readout_ports.tolist() == [[label] for label in range(10)]
    tables = [Windows(seed=seed).wiring.channel.tolist() for seed in (0, 0, 1)]
    assert tables[0] == tables[1] != tables[2]


@pytest.mark.parametrize(
    ("make", "sentence"),
    [
        (lambda: RingLayers(()), r"widths are \(\), expected whole numbers from 1 up, one or more"),
        (lambda: RingLayers(strides=(1, 0)), r"strides are \(1, 0\)"),
        (lambda: RingLayers(fan_in=0), "fan_in is 0, expected at least 1"),
        (lambda: RingLayers((28, 9)), "the last layer has 9 cells for 10 classes"),
        (lambda: RingLayers(strides=(14,), fan_in=3), "layer 0 would read one of 28 places twice"),
        (lambda: RingLayers((28, 4, 20), fan_in=6), "layer 2 would read one of 4 places twice"),
        (lambda: Windows(9), "num_cells is 9, expected at least one for each of the 10 classes"),
        (lambda: Windows(dilation=14, fan_in=3), "is wider than the 28 columns"),
        (lambda: Windows(num_copies=0), "num_copies is 0, expected at least 1"),
        (lambda: Windows(seed=-1), "seed"),
        (lambda: Grid(0, 3), "a grid of 0 x 3 cells is empty; rows and cols must be at least 1"),
        (lambda: Grid(3, -1), "a grid of 3 x -1 cells is empty"),
        (lambda: Tree(1, 3), "a tree over 1 channels has no cell"),
        (lambda: Tree(4, 0), "num_classes is 0, expected at least 1"),
        (lambda: Diagonal(0, 1, 1), "0 cells, 1 channels and 1 classes is empty"),
        (lambda: Diagonal(5, 1, 2), r"num_cells is 5, expected a multiple of num_classes \(2\)"),
        (lambda: SmallWorld(2, 2, 3), r"num_long_edges is 3, but a 2 x 2 grid has room for 0\.\.2"),
        (lambda: SmallWorld(2, 2, -1), "num_long_edges is -1"),
        (lambda: SmallWorld(0, 2, 0), "is empty"),
    ],
)
def test_what_cannot_be_wired_is_refused(make, sentence):
    with pytest.raises(ValueError, match=sentence):
        make()
