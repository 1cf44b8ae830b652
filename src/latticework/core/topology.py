"""Who feeds whom: the topology axis and the integer tables that every rule reads."""

import abc
import dataclasses
import functools
from collections.abc import Callable
from functools import cached_property
from typing import Concatenate, ParamSpec, TypeVar

import numpy as np

Result = TypeVar("Result")
More = ParamSpec("More")

NOTHING = -1
"""Entry of a table where nothing is connected."""


@dataclasses.dataclass(frozen=True, eq=False)
class Wiring:
    """The frozen integer tables of a lattice; cells are numbered in topological order.

    Args:
        pred: `[cell, slot]`, the cell whose output of the same step enters that slot, or -1.
        channel: `[cell, slot]`, the external channel that enters that slot, or -1. A slot takes
            a cell, a channel or nothing.
        readout_ports: `[class, member]`, the cells whose outputs are read for each class.
        num_channels: number of external channels.
        has_weight: `[cell, slot]`, the slots that own a weight. Slots of a border may own one and
            be connected to nothing (the published grid counts those); padding slots own none.
        coordinates: `[cell, 2]`, where to draw a cell: (column, row), rows growing downward.

    Raises:
        ValueError: when a table has the wrong shape, refers to a cell or channel that does not
            exist, or feeds a cell from itself or from a later one.
    """

    pred: np.ndarray
    channel: np.ndarray
    readout_ports: np.ndarray
    num_channels: int
    has_weight: np.ndarray
    coordinates: np.ndarray

    def __post_init__(self) -> None:
        num_cells = self.pred.shape[0]
        for name in ("channel", "has_weight"):
            if getattr(self, name).shape != self.pred.shape:
                raise ValueError(
                    f"wiring table {name!r} has shape {getattr(self, name).shape}, expected the "
                    f"shape of pred, {self.pred.shape} (cell, slot)"
                )
        if self.coordinates.shape != (num_cells, 2):
            raise ValueError(
                f"coordinates have shape {self.coordinates.shape}, expected ({num_cells}, 2)"
            )
        if np.any(self.pred >= np.arange(num_cells)[:, None]) or np.any(self.pred < NOTHING):
            raise ValueError(
                "a cell is fed by itself, by a later cell or by one that does not exist; number "
                "the cells in topological order (every predecessor before its successors)"
            )
        if np.any(self.channel >= self.num_channels) or np.any(self.channel < NOTHING):
            raise ValueError(
                f"a slot takes a channel outside 0..{self.num_channels - 1}; there are "
                f"{self.num_channels} channels"
            )
        if np.any((self.pred >= 0) & (self.channel >= 0)):
            raise ValueError("a slot is fed by a cell and by a channel; give each its own slot")
        ports = self.readout_ports
        if ports.ndim != 2 or np.any(ports < 0) or np.any(ports >= num_cells):
            raise ValueError(
                f"readout_ports must be a table [class, member] of cells in 0..{num_cells - 1}"
            )
        for array in (self.pred, self.channel, self.readout_ports, self.has_weight):
            array.setflags(write=False)

    @property
    def num_cells(self) -> int:
        """Number of cells."""
        return self.pred.shape[0]

    @property
    def num_slots(self) -> int:
        """Width of the slot axis: the largest fan-in."""
        return self.pred.shape[1]

    @property
    def num_classes(self) -> int:
        """Number of classes that are read."""
        return self.readout_ports.shape[0]

    @cached_property
    def source(self) -> np.ndarray:
        """`[cell, slot]`: index into the concatenation (cell outputs, channels, one zero)."""
        nothing = self.num_cells + self.num_channels
        external = np.where(self.channel >= 0, self.num_cells + self.channel, nothing)
        return np.where(self.pred >= 0, self.pred, external)

    @cached_property
    def connected(self) -> np.ndarray:
        """`[cell, slot]`: whether anything enters the slot."""
        return (self.pred >= 0) | (self.channel >= 0)

    @cached_property
    def edges(self) -> np.ndarray:
        """`[edge, 3]`: (source cell, destination cell, slot), by destination."""
        dst, slot = np.nonzero(self.pred >= 0)
        return np.stack([self.pred[dst, slot], dst, slot], axis=1)

    @cached_property
    def depth(self) -> np.ndarray:
        """`[cell]`: longest path from an input, in cells; 0 for a cell that no cell feeds."""
        depth = np.zeros(self.num_cells, dtype=np.int64)
        for cell, sources in enumerate(self.pred):
            fed_by = sources[sources >= 0]
            if len(fed_by):
                depth[cell] = depth[fed_by].max() + 1
        return depth

    @property
    def max_depth(self) -> int:
        """Longest path between two cells, in hops."""
        return int(self.depth.max())

    @cached_property
    def is_graded(self) -> bool:
        """Whether all paths between any two cells have the same length.

        True when every edge goes exactly one deeper, or when no cell feeds two others.
        """
        steps = self.depth[self.edges[:, 1]] - self.depth[self.edges[:, 0]]
        fan_out = (self.succ[0] >= 0).sum(axis=1)
        return bool(np.all(steps == 1) or np.all(fan_out <= 1))

    @cached_property
    def levels(self) -> np.ndarray:
        """`[depth, width]`: the cells of each depth, padded with `num_cells`."""
        groups = [np.flatnonzero(self.depth == d) for d in range(self.max_depth + 1)]
        return pad_groups(groups, self.num_cells)

    @cached_property
    def succ(self) -> tuple[np.ndarray, np.ndarray]:
        """Two tables `[cell, fan_out]`: the cells fed by each cell (-1: none), and their slots."""
        outgoing: list[list[tuple[int, int]]] = [[] for _ in range(self.num_cells)]
        for src, dst, slot in self.edges:
            outgoing[src].append((dst, slot))
        width = max((len(out) for out in outgoing), default=0)
        cells = np.full((self.num_cells, width), NOTHING, dtype=np.int64)
        slots = np.zeros((self.num_cells, width), dtype=np.int64)
        for cell, out in enumerate(outgoing):
            for n, (dst, slot) in enumerate(out):
                cells[cell, n], slots[cell, n] = dst, slot
        return cells, slots

    def summary(self) -> dict[str, int]:
        """Sizes worth printing."""
        return {
            "cells": self.num_cells,
            "edges": len(self.edges),
            "channels": self.num_channels,
            "classes": self.num_classes,
            "slots": self.num_slots,
            "depth": self.max_depth,
        }


def kept_by_wiring(
    function: Callable[Concatenate[Wiring, More], Result],
) -> Callable[Concatenate[Wiring, More], Result]:
    """`function(wiring, *more)`, computed once and kept in the wiring, which it goes with."""

    @functools.wraps(function)
    def kept(wiring: Wiring, *more: More.args, **named: More.kwargs) -> Result:
        results = wiring.__dict__.setdefault("_results", {})
        key = (function, more, tuple(named.items()))
        if key not in results:
            results[key] = function(wiring, *more, **named)
        return results[key]

    return kept


def pad_groups(groups: list[np.ndarray], fill: int) -> np.ndarray:
    """Index lists of unequal length as one table `[group, width]`, padded with `fill`."""
    width = max(len(group) for group in groups)
    table = np.full((len(groups), width), fill, dtype=np.int64)
    for row, group in zip(table, groups, strict=True):
        row[: len(group)] = group
    return table


class AbstractTopology(abc.ABC):
    """A way to wire cells: plain numbers that decide a `Wiring`.

    Instances are frozen dataclasses, so a recipe can hold, print and override them.
    """

    @cached_property
    def wiring(self) -> Wiring:
        """The integer tables, built once."""
        return self.build()

    @abc.abstractmethod
    def build(self) -> Wiring:
        """Build the integer tables."""
