"""Drawings for a terminal: what they show, and that they fit."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from latticework.core.topology import AbstractTopology, Wiring
from latticework.pictures import draw_text
from latticework.readouts import OutputCode
from latticework.topologies import TOPOLOGIES, Diagonal, Grid, RingLayers, SmallWorld, Tree, Windows

GRID = """\
 x0 ──→[*]──→[*]──→[*]
        │     │     │
 x1 ──→[*]──→[*]──→[*]
        ↓     ↓     ↓
        r0    r1    r2

 2 rows, 3 columns; outputs go right and down within a step."""
TREE = """\
  0 1 2 3 4
  └●┘ │ └●┘
   └●─┘  │
    └─●──┘
      ↓
      r0"""
DIAGONAL = """\
           ┌──→ [*] ──→ r0
 x0..x3 ───┼──→ [*] ──→ r1
           └──→ [*] ──→ r2"""

sizes = st.integers(1, 45)
topologies = st.one_of(
    st.builds(Grid, sizes, sizes),
    st.builds(Tree, st.integers(2, 300), st.integers(1, 12), st.integers(0, 9), st.booleans()),
    st.builds(lambda n, per, c: Diagonal(n * per, c, n), sizes, st.integers(1, 3), sizes),
    st.builds(
        lambda widths, fan_in: RingLayers(widths, fan_in, (1,), 28, 2),
        st.lists(st.integers(5, 90), min_size=1, max_size=20).map(tuple),
        st.integers(1, 5),
    ),
    st.builds(
        lambda cells, fan_in: Windows(cells, fan_in, 1), st.integers(10, 90), st.integers(1, 28)
    ),
    st.builds(SmallWorld, st.integers(3, 30), st.integers(3, 30), st.integers(0, 3)),
)


def check_fits(topology: AbstractTopology) -> None:
    text = draw_text(topology.wiring)
    assert max(len(line) for line in text.splitlines()) <= 80
    assert len(text.splitlines()) <= 40
    plain = draw_text(topology.wiring, plain=True)
    assert plain.isascii()
    assert [len(line) for line in plain.splitlines()] == [len(line) for line in text.splitlines()]


@settings(max_examples=60)
@given(topologies)
def test_every_drawing_fits_a_terminal(topology: AbstractTopology) -> None:
    check_fits(topology)


@pytest.mark.parametrize("name", list(TOPOLOGIES))
def test_every_registered_topology_is_drawn(name: str) -> None:
    for topology in (TOPOLOGIES[name](), *TOPOLOGIES.examples_of(name)):
        check_fits(topology)
        wiring = topology.wiring
        assert f"r{wiring.num_classes - 1}" in draw_text(wiring) or name == "tree"


def test_grid() -> None:
    assert draw_text(Grid(2, 3).wiring) == GRID


def test_tree() -> None:
    assert draw_text(Tree(5, 1, shuffle=False).wiring).startswith(TREE)
    words = " ".join(draw_text(Tree().wiring).split())
    assert "The forest has 10 such trees of 27 cells, each with its own order" in words


def test_a_cut_tree_counts_all_its_channels() -> None:
    top = draw_text(Tree(784, 1).wiring).splitlines()[0]
    assert sum(int(word.strip("()")) for word in top.split()) == 784


def test_diagonal() -> None:
    assert draw_text(Diagonal(3, 4, 3).wiring).startswith(DIAGONAL)


LAYERS = """\
 xxxxxx x0..x5
    │ reads at 0 +1 -1
 ●●●●●● 6 cells
    │ reads at 0 +2 -2
  ●●●● 4 cells
"""


def test_layers_on_a_ring() -> None:
    assert draw_text(RingLayers((6, 4), 3, (1, 2), 6, 2).wiring).startswith(LAYERS)
    words = " ".join(draw_text(RingLayers((30,) * 3, 28, (1,)).wiring).split())
    assert "+4 and 20 more" in words


def test_windows_and_who_reads_them() -> None:
    wiring = Windows(3, 2, 1, num_columns=3, num_classes=3).wiring
    text = draw_text(wiring)
    assert sorted(text.splitlines()[:3]) == sorted(
        f" {' '.join(f'x{c}' for c in channels)} ──→ [*] ──→ r{cell}"
        for cell, channels in enumerate(wiring.channel.tolist())
    )
    coded = draw_text(wiring, counts=OutputCode().counts(wiring))
    assert coded.splitlines()[0].endswith("──→ [*] ──→ r0..r2, each for or against")


def test_what_is_cut_says_so() -> None:
    assert "⋮" in draw_text(Grid(28, 10).wiring)
    assert "⋯" in draw_text(Grid(3, 11).wiring)
    assert "..." in draw_text(Grid(3, 11).wiring, plain=True)
    assert "⋮" not in draw_text(Grid(5, 10).wiring)


def test_long_edges_are_named() -> None:
    topology = SmallWorld(4, 4, num_long_edges=5, seed=1)
    text = draw_text(topology.wiring)
    assert "Long edges: 5" in text
    assert "and 2 more" in text
    source, destination, _ = topology.wiring.edges[topology.wiring.edges[:, 2] >= 2][0]
    places = [f"({cell // 4}, {cell % 4})" for cell in (source, destination)]
    assert f"{places[0]} ──→ {places[1]}" in text


def test_any_other_wiring_is_drawn_by_depth() -> None:
    """A diamond: one cell feeds two, which feed a fourth; it is no grid and no forest."""
    pred = np.array([[-1, -1], [0, -1], [0, -1], [1, 2]])
    channel = np.array([[0, -1], [-1, -1], [-1, -1], [-1, -1]])
    wiring = Wiring(
        pred=pred,
        channel=channel,
        readout_ports=np.array([[3]]),
        num_channels=1,
        has_weight=pred >= -1,
        coordinates=np.array([[1.0, 0.0], [0.0, 1.0], [2.0, 1.0], [1.0, 2.0]]),
    )
    assert draw_text(wiring).splitlines()[:4] == [
        " depth   cells",
        "     0   █ 1",
        "     1   ██ 2",
        "     2   █ 1",
    ]
