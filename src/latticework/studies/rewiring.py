"""`study rewiring`: what in a wiring makes the same number of parameters worth more."""

import dataclasses
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import jax
import jax.numpy as jnp
import numpy as np

from latticework.cells import LeakyTanh
from latticework.core.checks import require
from latticework.core.registry import unknown_name
from latticework.core.rule import AbstractRule
from latticework.core.topology import AbstractTopology
from latticework.core.words import plural
from latticework.kernels import Problem, choose_kernel
from latticework.pictures.variant_dots import variant_dots
from latticework.readouts import PortSum
from latticework.recipes import LeakyRecipe, recipe, require_leaky
from latticework.rules import Bptt, HopTrace
from latticework.studies.study import AbstractStudy, Point, Row, StudyTable
from latticework.studies.training import accuracies, load_once, spread, train_seeds
from latticework.tasks import DataSource, RowImage, without_fallback
from latticework.topologies import Grid, RingLayers, Tree, Windows

EXACT, ONE_HOP = "true gradient", "one hop"
FIVE = RingLayers()
SIX = RingLayers((20, 14, 14, 14, 20, 10), 10, (2, 1, 1, 1, 1, 1))
LONG = (1, 2, 4, 8, 14)
EXAMPLES = 64


def _ring(topology: AbstractTopology, rule: AbstractRule, **cell: float) -> LeakyRecipe:
    """A wiring under the settings of `ring-bptt`."""
    base = require_leaky(recipe("ring-bptt"), "this study")
    own = base.cell
    if cell and isinstance(own, LeakyTanh):
        base = dataclasses.replace(base, cell=dataclasses.replace(own, **cell))
    return dataclasses.replace(base, topology=topology, rule=rule)


def _windows(**changes: object) -> LeakyRecipe:
    """`windows-clock` with other parts."""
    return dataclasses.replace(require_leaky(recipe("windows-clock"), "this study"), **changes)


def _wirings(rule: AbstractRule) -> dict[str, LeakyRecipe]:
    """From the grid to the ring, one change at a time."""
    wirings = {
        "the grid": Grid(),
        "ten trees, one per class": Tree(),
        "ten layers that all classes share, strides of 1": RingLayers((28,) * 10, 2, (1,)),
        "strides of 1, 2, 4, 8, 14": RingLayers((28,) * 10, 2, LONG),
        "three inputs, 224 cells": RingLayers((28,) * 8, 3, (1, 2, 4, 8, 13)),
        "six inputs, 140 cells": FIVE,
        "six inputs, strides of 1": RingLayers(strides=(1,)),
        "ten inputs, 92 cells": SIX,
        "fourteen inputs, 70 cells": RingLayers((28, 16, 16, 10), 14, (1,)),
    }
    return {name: _ring(topology, rule) for name, topology in wirings.items()}


PARTS: Mapping[str, Mapping[str, LeakyRecipe]] = {
    f"wiring, {EXACT}": _wirings(Bptt()),
    f"wiring, {ONE_HOP}": _wirings(HopTrace(hops=1)),
    "time constants in steps, true gradient": {
        f"{low:g} to {high:g}": _ring(FIVE, Bptt(), tau_min=1e-3 * low, tau_max=1e-3 * high)
        for low, high in ((0.15, 0.5), (0.2, 2), (1, 20))
    },
    "time constants in steps, one hop": {
        f"{low:g} to {high:g}": _ring(FIVE, HopTrace(1), tau_min=1e-3 * low, tau_max=1e-3 * high)
        for low, high in ((0.15, 0.5), (0.2, 2), (1, 20))
    },
    "hops kept, six inputs": {
        **{f"{hops}": _ring(FIVE, HopTrace(hops)) for hops in (0, 1, 2)},
        "all": _ring(FIVE, Bptt()),
    },
    "no messages": {
        "windows and a clock, code words": _windows(),
        "each cell read by one class": _windows(readout=PortSum()),
        "no clock": _windows(task=RowImage(gain=2.0), topology=Windows(160)),
        "no clock, delays": _windows(
            task=RowImage(gain=2.0, delays=(0, 3, 6)), topology=Windows(80, 4, num_copies=3)
        ),
    },
}
"""What is compared, by part; within a part everything else is held."""


@dataclass(frozen=True)
class Rewiring(AbstractStudy):
    """Accuracy, and how much of the message is left at the cells that read the image.

    Args:
        seeds: seeds per point.
        epochs: passes over all images.
        parts: which parts; all when empty.
    """

    seeds: int = 3
    epochs: int = 8
    parts: tuple[str, ...] = ()

    def points(self) -> Sequence[Point]:
        """Every variant of every part."""
        require(self.seeds >= 1, f"seeds is {self.seeds}, expected 1 or more")
        for name in self.parts:
            require(name in PARTS, unknown_name("part", name, dict(PARTS)))
        return [
            {"part": part, "variant": variant} for part in self._parts() for variant in PARTS[part]
        ]

    def measure(self, point: Point, source: DataSource) -> Row:
        """Train one variant; before, look at its messages."""
        base = PARTS[point["part"]][point["variant"]]
        training = dataclasses.replace(base.training, epochs=self.epochs)
        one = dataclasses.replace(base, training=training)
        wiring = one.network().wiring
        return {
            **accuracies(train_seeds(one, self.seeds, source)),
            "parameters": one.num_parameters,
            "cells": wiring.num_cells,
            "depth": wiring.max_depth + 1,
            "message_left": message_left(one, source),
        }

    def table(self, rows: Sequence[Row]) -> StudyTable:
        """One line per variant."""
        lines = [
            [
                row["part"],
                row["variant"],
                str(row["parameters"]),
                str(row["cells"]),
                str(row["depth"]),
                f"{row['message_left']:.1e}",
                spread(row["test_accuracy"]),
            ]
            for row in rows
        ]
        headers = ["what is changed", "to", "parameters", "cells", "layers"]
        return StudyTable([*headers, "message left at the image", "accuracy"], lines, 2)

    def draw(self, rows: Sequence[Row], path: Path) -> Path:
        """One panel per part, a line per variant."""
        panels = {
            part: {row["variant"]: row["test_accuracy"] for row in rows if row["part"] == part}
            for part in self._parts()
        }
        runs = f"{plural(self.epochs, 'epoch')}, {plural(self.seeds, 'seed')}"
        text = f"{runs}: a dot for each, a bar for the mean, on all 10,000 test images"
        return variant_dots(panels, path, title=self.name, explanation=text)

    def _parts(self) -> tuple[str, ...]:
        return tuple(name for name in PARTS if not self.parts or name in self.parts)


def message_left(one: LeakyRecipe, source: DataSource) -> float:
    """How large the gradient is at the cells that read the image, in parts of that at the ports.

    At the initial values of seed 0, by each cell's bias: the root of the mean square over examples,
    and of the cells the median.
    """
    network = one.network()
    dataset = load_once(without_fallback(one.task), source)
    inputs = one.task.encode(jnp.asarray(dataset.train_inputs[:EXAMPLES]))[:, None]
    targets = jnp.asarray(dataset.train_targets[:EXAMPLES], jnp.int32)[:, None]
    params = jax.tree.map(lambda leaf: jnp.repeat(leaf, EXAMPLES, axis=0), one.learner().init((0,)))
    kernel = choose_kernel(Problem(network, Bptt(), one.loss))
    bias = np.asarray(kernel.updates(params, inputs, targets, None).direction["bias"])
    size = np.sqrt(np.mean(np.square(bias), axis=0))
    first = (network.wiring.channel >= 0).any(axis=1)
    last = np.unique(network.wiring.readout_ports)
    return float(np.median(size[first]) / np.median(size[last]))
