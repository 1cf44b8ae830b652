"""`study hops`: what reaching further with the traces gives and costs."""

import dataclasses
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import jax
import jax.numpy as jnp
import numpy as np

from latticework.core.checks import require
from latticework.core.registry import unknown_name
from latticework.pictures import reach_panels
from latticework.recipes import LeakyRecipe, recipe, require_leaky
from latticework.rules import HopTrace
from latticework.studies.gradcheck import ALL_GROUPS, gradcheck
from latticework.studies.study import AbstractStudy, Point, Row, StudyTable
from latticework.studies.training import (
    accuracies,
    load_once,
    spread,
    train_seeds,
)
from latticework.tasks import DataSource, without_fallback

NETWORKS: Mapping[str, str] = {
    "grid": "grid-snap1-adam",
    "tree": "tree-snap1",
    "small_world": "small-world-snap1",
}
"""Networks by name, and the recipe each is trained by."""

REACHES: Mapping[str, tuple[int, ...]] = {
    "grid": (0, 1, 2, 4, 8, 16, 37),
    "tree": (0, 1, 2, 3, 4, 5),
    "small_world": (0, 1, 2, 45),
}
"""Reaches that are worth their time; the last is the whole depth or more, the true gradient."""


@dataclass(frozen=True)
class Hops(AbstractStudy):
    """Accuracy, gradient cosine, memory and time against the reach of the traces.

    Args:
        seeds: seeds per point.
        train_size: learn from the first so many images; None for all.
        epochs: passes over them.
        networks: which networks.
        examples: training examples for the gradient cosine, each compared by itself.
    """

    seeds: int = 6
    train_size: int | None = None
    epochs: int = 5
    networks: tuple[str, ...] = ("grid", "tree", "small_world")
    examples: int = 16

    def points(self) -> Sequence[Point]:
        """Every reach of every network."""
        require(self.seeds >= 1, f"seeds is {self.seeds}, expected 1 or more")
        for name in self.networks:
            require(name in NETWORKS, unknown_name("network", name, NETWORKS))
        return [{"network": name, "hops": h} for name in self.networks for h in REACHES[name]]

    def measure(self, point: Point, source: DataSource) -> Row:
        """Train at one reach; compare its direction before and after with the true gradient."""
        base = require_leaky(recipe(NETWORKS[point["network"]]), "this study")
        training = dataclasses.replace(
            base.training, train_size=self.train_size, epochs=self.epochs, eval_subset=None
        )
        rule = HopTrace(point["hops"])
        one = dataclasses.replace(base, rule=rule, training=training)
        result = train_seeds(one, self.seeds, source)
        first = jax.tree.map(lambda leaf: leaf[0], result.params)
        return {
            **accuracies(result),
            "us_per_image": 1e6 / result.images_per_second,
            "memory": rule.memory(one.network(), one.task.num_steps),
            "cosine_before": self._cosine(one, source, None),
            "cosine_after": self._cosine(one, source, first),
        }

    def table(self, rows: Sequence[Row]) -> StudyTable:
        """One line per network and reach."""
        lines = [
            [
                row["network"].replace("_", " "),
                str(row["hops"]),
                spread(row["test_accuracy"]),
                f"{row['cosine_before']:.3f}",
                _number(row["cosine_after"]),
                f"{row['memory']:,.1f}",
                f"{row['us_per_image']:.0f}",
                row["kernel"],
            ]
            for row in rows
        ]
        headers = ["network", "hops", "accuracy", "cosine at the start", "cosine at the end"]
        headers += ["traces per cell", "us per image", "kernel"]
        return StudyTable(headers, lines, 1)

    def draw(self, rows: Sequence[Row], path: Path) -> Path:
        """Four panels over the reach, a line per network."""
        panels = [
            ("accuracy on 10,000 test images", "test_accuracy", False),
            ("cosine with the true gradient, at the start", "cosine_before", False),
            ("traces per cell", "memory", True),
            ("microseconds per image", "us_per_image", True),
        ]
        size = "all 60,000" if self.train_size is None else f"{self.train_size:,}"
        text = f"{size} images, {self.epochs} epochs, {self.seeds} seeds; the last point of each "
        text += "line is the true gradient"
        return reach_panels(rows, panels, path, title=self.name, explanation=text)

    def _cosine(self, one: LeakyRecipe, source: DataSource, params: dict | None) -> float | None:
        """With the true gradient, all groups as one vector; None where a gradient vanishes."""
        dataset = load_once(without_fallback(one.task), source)
        raw = jnp.asarray(dataset.train_inputs[: self.examples])
        rows = gradcheck(
            one.network(),
            np.asarray(one.task.encode(raw)),
            dataset.train_targets[: self.examples],
            one.loss,
            rule=one.rule,
            hops=(one.rule.hops,) if isinstance(one.rule, HopTrace) else None,
            params=params,
        )
        cosine = next(row.cosine for row in rows if row.group == ALL_GROUPS)
        return cosine if math.isfinite(cosine) else None


def _number(value: float | None) -> str:
    return "-" if value is None else f"{value:.3f}"
