"""Where things are drawn."""

import numpy as np
import pytest

from latticework.pictures.layout import Layout, lay_out
from latticework.pictures.stage import fold
from latticework.pictures.tiling import tile
from latticework.topologies import TOPOLOGIES, Diagonal, Grid, SmallWorld, Tree

EVERY = [topology for name in TOPOLOGIES for topology in TOPOLOGIES.examples_of(name)]


def boxes(layout: Layout) -> np.ndarray:
    """(left, top, right, bottom) of every cell and pin."""
    around = layout.radii[:, None]
    cells = np.concatenate([layout.places - around, layout.places + around], axis=1)
    pins = np.concatenate([layout.pins[:, :2], layout.pins[:, :2] + layout.pins[:, 2:]], axis=1)
    return np.concatenate([cells, pins])


@pytest.mark.parametrize("topology", [*EVERY, Grid(), Tree(), Diagonal(), SmallWorld()], ids=str)
def test_everything_is_inside_the_frame_and_apart(topology) -> None:
    layout = lay_out(topology.wiring)
    left, right, top, bottom = layout.frame
    found = boxes(layout) + 1e-9 * np.array([1, 1, -1, -1])
    assert np.all(found[:, :2] >= (left, top))
    assert np.all(found[:, 2:] <= (right, bottom))
    distance = np.linalg.norm(layout.places[:, None] - layout.places[None], axis=-1)
    np.fill_diagonal(distance, np.inf)
    assert np.all(distance > np.maximum(layout.radii[:, None], layout.radii[None]))
    assert len(layout.pins) == len(layout.pin_channel)
    assert set(layout.pin_channel) == set(range(topology.wiring.num_channels))


def test_a_grid_is_a_map_with_its_inputs_on_the_left() -> None:
    layout = lay_out(Grid(3, 2).wiring)
    assert layout.as_map(np.arange(6)).tolist() == [[0, 1], [2, 3], [4, 5]]
    assert layout.pin_channel.tolist() == [0, 1, 2]
    assert np.all(layout.pins[:, 0] + layout.pins[:, 2] < -0.5)
    assert (layout.pins[:, 1] + 0.5).tolist() == [0, 1, 2]
    assert layout.class_x.tolist() == [0, 1]
    assert len(layout.segments) == 0


def test_long_edges_of_a_map_are_drawn() -> None:
    topology = SmallWorld(28, 10, num_long_edges=40, seed=3)
    steps = np.abs(np.diff(lay_out(topology.wiring).segments, axis=1)[:, 0]).max(axis=1)
    assert 30 < len(steps) <= 40
    assert steps.min() > 1


def test_a_forest_is_broken_into_rows_and_its_roots_are_named() -> None:
    wiring = Tree().wiring
    layout = lay_out(wiring)
    roots = layout.places[wiring.readout_ports[:, 0]]
    assert len(np.unique(roots[:, 1])) == 2
    assert np.all(np.diff(roots[:5, 0]) > 0)
    assert layout.labels is not None
    np.testing.assert_allclose(layout.labels[:, 1], roots[:, 1])
    assert 1.5 < layout.width / layout.height < 5


def test_inputs_of_cells_that_see_all_channels_are_one_strip() -> None:
    layout = lay_out(Diagonal(10, 28, 10).wiring)
    assert layout.pin_channel.tolist() == list(range(28))
    assert np.ptp(layout.pins[:, 1]) == 0
    assert layout.pins[:, 2].sum() == pytest.approx(10)


def test_without_inputs_there_are_no_pins() -> None:
    bare = lay_out(Tree(5, 2).wiring, with_inputs=False)
    assert len(bare.pins) == 0
    assert len(bare.segments) == len(Tree(5, 2).wiring.edges)


def test_pixels_read_one_by_one_are_folded_into_an_image() -> None:
    pixels = np.arange(784.0)[:, None]
    image, per_row = fold(pixels)
    assert per_row == 28
    np.testing.assert_array_equal(image, np.arange(784.0).reshape(28, 28))
    rows = np.ones((28, 28))
    assert fold(rows)[0] is rows


def test_panels_stay_on_the_page() -> None:
    for count, size in [(12, (12, 28)), (6, (145, 54)), (1, (1, 1)), (7, (3, 300))]:
        tiling = tile(count, size, (1.0, 2.0), (8.0, 7.0), (0.2, 0.5))
        left, top = tiling.corner(tiling.cols - 1)
        assert left + size[0] * tiling.unit <= 9.0 + 1e-9
        last = tiling.corner(count - 1)[1] + size[1] * tiling.unit
        assert top == 2.0
        assert last <= 9.0 + 1e-9
        assert last <= tiling.bottom
