"""Wirings of columns: what they are, and what is refused."""

from dataclasses import replace

import jax
import numpy as np
import pytest

from latticework import Buffer, Column, Columns, Inputs, Link, Stdp, Uniform, Wave, simulate
from latticework.kernels.wave_problem import WaveProblem
from latticework.recipes import recipe
from latticework.topologies.columns_text import describe_columns
from support.spiking import CHANNELS, WIRINGS, trains

ROW, COLUMN = Inputs("row"), Column("c", 6, 8, 2)
LINK = Link("row", "c", Uniform(4), Stdp(w_max=8))
SMALL = Columns((ROW,), (COLUMN,), links=(LINK,))


def check(wiring: Columns) -> None:
    WaveProblem(wiring, Wave(8), CHANNELS)


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"columns": ()}, "has no column"),
        ({"columns": (Column("row", 6, 8),)}, "two populations are called 'row'"),
        ({"columns": (Column("c", 0, 8),)}, "has 0 neurons; 1 to 2,048"),
        ({"columns": (Column("c", 6, 0),)}, "threshold 0, which every neuron meets"),
        ({"columns": (Column("c", 6, 81),)}, "all its inputs together drive it with at most 80"),
        ({"columns": (Column("c", 6, 8, 7),)}, "cannot have 7 winners among 6 neurons"),
        ({"columns": (Column("c", 6, 8, 0),)}, "cannot have 0 winners"),
        ({"links": (Link("r", "c", Uniform(4)),)}, "no population named 'r'"),
        ({"links": (Link("row", "d", Uniform(4)),)}, "no column named 'd'"),
        ({"links": (LINK, LINK)}, "two links 'row>c'"),
        ({"links": (Link("row", "c", Uniform(9), Stdp(w_max=8)),)}, "from 0 to 9, but its rule"),
        ({"links": (Link("row", "c", Uniform(4, low=-1), Stdp(w_max=8)),)}, "from -1 to 4"),
        ({"links": (Link("row", "c", Uniform(4), shares="c>c"),)}, "no link to share named"),
        ({"links": (Link("row", "c", Uniform(4)), Link("c", "c", Uniform(4)))}, "in a circle"),
        ({"buffers": (Buffer("b", "x"),)}, "no population named 'x'"),
        ({"buffers": (Buffer("b", "row"),)}, "is of the inputs 'row'"),
        ({"buffers": (Buffer("b", "d"), Buffer("d", "b"))}, "filled in a circle"),
        ({"outputs": ("rows",)}, "no population named 'rows'; did you mean 'row'"),
        ({"inputs": (Inputs("row", 3, 3),)}, "show columns 3 to 3 of 10"),
    ],
)
def test_what_does_not_hold_together_is_refused(change, sentence):
    check(SMALL)
    with pytest.raises(ValueError, match=sentence):
        check(replace(SMALL, **change))


def test_sharing_needs_the_same_shape():
    wiring = replace(
        WIRINGS["halves"],
        columns=(Column("a", 7, 14, 1), Column("c", 5, 14, 2), Column("top", 11, 9)),
    )
    with pytest.raises(ValueError, match="6 x 5 and cannot share the weights of 'left>a'"):
        check(wiring)


def test_initial_weights_are_what_they_say():
    key = jax.random.key(0)
    drawn = np.asarray(Uniform(32, low=16, sparse=0.9).draw(key, (100, 100)))
    kept = drawn[drawn > 0]
    assert kept.size == pytest.approx(1000, abs=120)
    assert kept.min() == 16 and 16 < kept.max() <= 32
    constant = np.asarray(Uniform(24, low=24, sparse=0.98).draw(key, (100, 100)))
    assert set(np.unique(constant)) == {0, 24}
    assert np.asarray(Uniform(32, high=16).draw(key, (50, 50))).max() == 16
    assert not np.asarray(Uniform(0).draw(key, (5, 5))).any()
    with pytest.raises(ValueError, match=r"sparse is 1.5"):
        Uniform(1, sparse=1.5)


def test_a_shared_matrix_is_one():
    wiring = WIRINGS["halves"]
    start = wiring.init(jax.random.key(0), CHANNELS)
    assert "right>c" not in start and start["left>a"].shape == (6, 7)
    assert wiring.num_synapses(CHANNELS) == sum(value.size for value in start.values())


def test_published_buffers_of_v2_keep_bytes():
    """Weight 16 twice is 256, which a byte cannot hold."""
    published, meant = recipe("tnn-v2").wiring, recipe("tnn-v2").corrected_wiring
    assert published.heights(False)["buffer1"] == 16
    assert published.heights(False)["buffer2"] == 0
    assert meant.heights(False)["buffer2"] == 1
    halved = replace(SMALL, buffers=(Buffer("b", "c", 0.5),))
    assert halved.heights(False)["b"] == 0 and halved.heights(True)["b"] == 0.5


def test_words():
    lines = "\n".join(describe_columns(recipe("tnn-v8").wiring, 28))
    assert "rtnn: 100 neurons, threshold 32, 10 winners, read" in lines
    assert "buffer1: rtnn one wave ago" in lines
    assert "buffer1 -> rtnn: 0 to 16 on 10%" in lines
    assert "the weights of row-a>tnn-a" in "\n".join(describe_columns(recipe("tnn-v2").wiring, 28))


def test_a_network_of_ones_own_in_ten_lines():
    wiring = Columns(
        inputs=(Inputs("row"),),
        columns=(Column("memory", 20, threshold=12, winners=3),),
        buffers=(Buffer("before", of="memory"),),
        links=(
            Link("row", "memory", Uniform(6), Stdp(w_max=8)),
            Link("before", "memory", Uniform(4, sparse=0.5)),
        ),
    )
    seen = simulate(wiring, trains(0, 30, 5, CHANNELS), schedule=Wave(8), learns=True)
    fired = (seen.trains["memory"] != 0).sum(axis=-1)
    assert seen.trains["memory"].shape == (30, 5, 20)
    assert 0 < fired.max() <= 3
    again = simulate(wiring, trains(0, 30, 5, CHANNELS), schedule=Wave(8), learns=True)
    np.testing.assert_array_equal(again.trains["memory"], seen.trains["memory"])


def test_what_cannot_be_simulated_is_refused():
    shown = trains(0, 2, 3, CHANNELS)
    start = {"row>c": np.full((CHANNELS, 6), 2.0, np.float32)}
    assert not simulate(SMALL, 0 * shown, schedule=Wave(8), weights=start).trains["c"].any()
    with pytest.raises(ValueError, match="reach to step 7, but the waves have 4 steps"):
        simulate(SMALL, shown, schedule=Wave(4))
    with pytest.raises(ValueError, match="expected uint32"):
        simulate(SMALL, shown.astype(np.int32))
    with pytest.raises(ValueError, match=r"reach from 2 to 9, but its rule needs 0 to 8"):
        start["row>c"][0, 0] = 9
        simulate(SMALL, shown, schedule=Wave(8), weights=start)
    with pytest.raises(ValueError, match=r"shape \(3, 3\), expected \(10, 6\)"):
        simulate(SMALL, shown, schedule=Wave(8), weights={"row>c": np.ones((3, 3), np.float32)})
    with pytest.raises(ValueError, match="links are row>c"):
        simulate(SMALL, shown, schedule=Wave(8), weights={"x": start["row>c"]})
    with pytest.raises(ValueError, match="no kernel named 'fast'"):
        simulate(SMALL, shown, schedule=Wave(8), kernel="fast")
