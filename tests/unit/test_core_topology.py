"""Wirings: what is derived from the tables, and which tables are refused."""

import dataclasses

import numpy as np
import pytest
from hypothesis import given, settings

from latticework.core.topology import NOTHING, Wiring, pad_groups
from support.wirings import reachable, wirings

#  channel 0 -> 0 -> 1 -> 3, and 0 -> 2 -> 3, and 0 -> 3 past them; channel 1 -> 2.
DIAMOND = Wiring(
    pred=np.array([[-1, -1, -1], [0, -1, -1], [-1, 0, -1], [1, 2, 0]]),
    channel=np.array([[0, -1, -1], [-1, -1, -1], [1, -1, -1], [-1, -1, -1]]),
    readout_ports=np.array([[3], [2]]),
    num_channels=2,
    has_weight=np.array([[1, 0, 0], [1, 0, 0], [1, 1, 0], [1, 1, 1]], dtype=bool),
    coordinates=np.array([[0.0, 0], [1, 0], [0, 1], [1, 1]]),
)


def test_what_is_derived_by_hand():
    assert (DIAMOND.num_cells, DIAMOND.num_slots, DIAMOND.num_classes) == (4, 3, 2)
    assert DIAMOND.depth.tolist() == [0, 1, 1, 2]
    assert DIAMOND.max_depth == 2
    assert DIAMOND.edges.tolist() == [[0, 1, 0], [0, 2, 1], [1, 3, 0], [2, 3, 1], [0, 3, 2]]
    assert DIAMOND.levels.tolist() == [[0, 4], [1, 2], [3, 4]]
    # Sources index (four outputs, two channels, one zero).
    assert DIAMOND.source.tolist() == [[4, 6, 6], [0, 6, 6], [5, 0, 6], [1, 2, 0]]
    cells, slots = DIAMOND.succ
    assert cells.tolist() == [[1, 2, 3], [3, -1, -1], [3, -1, -1], [-1, -1, -1]]
    assert slots[0].tolist() == [0, 1, 2]
    assert slots[1, 0] == 0
    assert slots[2, 0] == 1
    assert DIAMOND.connected.sum() == 7
    assert DIAMOND.summary() == {
        "cells": 4, "edges": 5, "channels": 2, "classes": 2, "slots": 3, "depth": 2,
    }  # fmt: skip


def test_graded_means_that_all_paths_are_equally_long():
    assert not DIAMOND.is_graded
    without_skip = DIAMOND.pred.copy()
    without_skip[3, 2] = NOTHING
    assert dataclasses.replace(DIAMOND, pred=without_skip).is_graded


def test_tables_cannot_be_written():
    with pytest.raises(ValueError, match="read-only"):
        DIAMOND.pred[0, 0] = 1
    with pytest.raises(dataclasses.FrozenInstanceError):
        DIAMOND.num_channels = 5  # pyright: ignore[reportAttributeAccessIssue]


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"pred": {(0, 0): 0}}, "fed by itself, by a later cell"),
        ({"pred": {(1, 0): 3}}, "number the cells in topological order"),
        ({"pred": {(1, 0): -2}}, "one that does not exist"),
        ({"channel": {(0, 0): 2}}, r"a channel outside 0\.\.1; there are 2 channels"),
        ({"channel": {(0, 0): -2}}, r"a channel outside 0\.\.1"),
        ({"channel": {(1, 0): 1}}, "fed by a cell and by a channel"),
        ({"readout_ports": {(0, 0): 4}}, r"table \[class, member\] of cells in 0\.\.3"),
        ({"readout_ports": {(0, 0): -1}}, r"table \[class, member\]"),
    ],
)
def test_entries_that_make_no_lattice_are_refused(changes, sentence):
    tables = {}
    for name, entries in changes.items():
        tables[name] = getattr(DIAMOND, name).copy()
        for at, value in entries.items():
            tables[name][at] = value
    with pytest.raises(ValueError, match=sentence):
        dataclasses.replace(DIAMOND, **tables)


@pytest.mark.parametrize(
    ("name", "shape", "sentence"),
    [
        ("channel", (4, 2), r"'channel' has shape \(4, 2\), expected the shape of pred, \(4, 3\)"),
        ("has_weight", (3, 3), r"'has_weight' has shape \(3, 3\)"),
        ("coordinates", (4, 3), r"coordinates have shape \(4, 3\), expected \(4, 2\)"),
        ("readout_ports", (2,), r"table \[class, member\]"),
    ],
)
def test_tables_of_another_shape_are_refused(name, shape, sentence):
    with pytest.raises(ValueError, match=sentence):
        dataclasses.replace(DIAMOND, **{name: np.zeros(shape, int)})


@settings(max_examples=60)
@given(wirings())
def test_depth_levels_and_successors_agree(wiring):
    distance = reachable(wiring)
    longest = np.zeros(wiring.num_cells, int)
    for src, dst, _ in sorted(wiring.edges.tolist(), key=lambda edge: edge[1]):
        longest[dst] = max(longest[dst], longest[src] + 1)
    assert wiring.depth.tolist() == longest.tolist()
    listed = wiring.levels[wiring.levels < wiring.num_cells]
    assert sorted(listed.tolist()) == list(range(wiring.num_cells))
    for depth, members in enumerate(wiring.levels):
        assert all(wiring.depth[m] == depth for m in members if m < wiring.num_cells)
    cells, slots = wiring.succ
    pairs = {
        (cell, int(d), int(s))
        for cell in range(wiring.num_cells)
        for d, s in zip(cells[cell], slots[cell], strict=True)
        if d != NOTHING
    }
    assert pairs == {tuple(edge) for edge in wiring.edges.tolist()}
    assert (distance >= 0).sum() >= wiring.num_cells


@settings(max_examples=60)
@given(wirings(max_cells=7))
def test_graded_by_listing_all_paths(wiring):
    lengths: dict[tuple[int, int], set[int]] = {(c, c): {0} for c in range(wiring.num_cells)}
    for src, dst, _ in sorted(wiring.edges.tolist(), key=lambda edge: edge[1]):
        for start in range(wiring.num_cells):
            for length in lengths.get((start, src), set()):
                lengths.setdefault((start, dst), set()).add(length + 1)
    all_equal = all(len(found) == 1 for found in lengths.values())
    # A statement about edges is stricter than one about paths, but never wrong.
    assert all_equal or not wiring.is_graded


def test_groups_are_padded():
    table = pad_groups([np.array([3]), np.array([1, 2])], 9)
    assert table.tolist() == [[3, 9], [1, 2]]
