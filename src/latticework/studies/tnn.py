"""`study tnn`: every published temporal network, beside ours in both semantics and protocols."""

import dataclasses
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from latticework.core.checks import require
from latticework.core.registry import unknown_name
from latticework.pictures.version_dots import version_dots
from latticework.recipes import RECIPES, Published, WaveRecipe, published_for, recipe
from latticework.studies.study import AbstractStudy, Point, Row, StudyTable
from latticework.studies.training import spread, train_seeds
from latticework.tasks import DataSource
from latticework.train import Protocol, Summary

LEFT_OUT = ("tnn-best",)
"""Not a comparison with anything published; it has a table of its own."""

RESIMULATED_SEEDS = 5
PARTLY = ("right-winners", "separate-waves", "both")

EXTRA: Mapping[tuple[str, str, int, str], tuple[float, float, int]] = {
    ("tnn-v7", "faithful", 4000, "all"): (0.718, 0.014, 3),
    ("tnn-v8", "faithful", 4000, "all"): (0.767, 0.021, 3),
    ("tnn-v9", "faithful", 4000, "all"): (0.420, 0.040, 3),
    ("tnn-v10", "faithful", 4000, "all"): (0.517, 0.018, 3),
    ("tnn-v7", "right-winners", 1000, "all"): (0.729, 0.022, 5),
    ("tnn-v7", "separate-waves", 1000, "all"): (0.682, 0.022, 5),
    ("tnn-v7", "both", 1000, "all"): (0.665, 0.023, 5),
    ("tnn-v8", "right-winners", 1000, "all"): (0.707, 0.014, 5),
    ("tnn-v8", "separate-waves", 1000, "all"): (0.649, 0.020, 5),
    ("tnn-v8", "both", 1000, "all"): (0.698, 0.018, 5),
    ("tnn-v11", "right-winners", 1000, "last"): (0.202, 0.013, 5),
    ("tnn-v11", "separate-waves", 1000, "last"): (0.128, 0.014, 5),
    ("tnn-v11", "both", 1000, "last"): (0.143, 0.019, 5),
    ("tnn-v12", "right-winners", 1000, "last"): (0.231, 0.018, 5),
    ("tnn-v12", "separate-waves", 1000, "last"): (0.138, 0.015, 5),
    ("tnn-v12", "both", 1000, "last"): (0.159, 0.018, 5),
}
"""Conditions beside the recipes as they stand, with mean, standard deviation and seeds of the
checked re-simulation: four times the examples, and repairs of one or two faults alone."""


@dataclass(frozen=True)
class Tnn(AbstractStudy):
    """Every version under the published and the honest protocol, faithful and corrected.

    Args:
        seeds: seeds per condition.
        examples: N of the protocols.
        semantics: "faithful" and "corrected", or one of them.
        protocols: "published" and "honest", or one of them.
        recipes: which; all that compare with something published when empty.
        extra: also the re-simulated conditions with N = 4,000, and with single faults repaired.
    """

    seeds: int = 10
    examples: int = 1000
    semantics: tuple[str, ...] = ("faithful", "corrected")
    protocols: tuple[str, ...] = ("published", "honest")
    recipes: tuple[str, ...] = ()
    extra: bool = True

    def points(self) -> Sequence[Point]:
        """Recipe, semantics, protocol, examples, waves that are read."""
        require(self.seeds >= 1, f"seeds is {self.seeds}, expected 1 or more")
        known = versions()
        for name in self.recipes:
            require(name in known, unknown_name("version", name, known))
        found = [
            _point(name, semantics, scheme, self.examples, known[name].reads)
            for scheme in self.protocols
            for semantics in self.semantics
            for name in known
            if not self.recipes or name in self.recipes
        ]
        if not self.extra:
            return found
        return found + [
            _point(name, semantics, "published", examples, reads)
            for name, semantics, examples, reads in EXTRA
            if not self.recipes or name in self.recipes
        ]

    def measure(self, point: Point, source: DataSource) -> Row:
        """Run one condition, all seeds side by side; what became of its weights, too."""
        base = versions()[point["recipe"]]
        one = dataclasses.replace(
            base,
            semantics=point["semantics"],
            reads=point["reads"],
            protocol=Protocol(point["protocol"], point["examples"]),
        )
        result = train_seeds(one, self.seeds, source)
        start = one.learner().init(result.seeds)
        line = result.metrics[0]
        return {
            "test_accuracy": np.asarray(result.test_accuracy).tolist(),
            "final_loss": line["per_seed"]["train_loss"],
            "coverage": line["per_seed"]["coverage"],
            "weights": {
                name: {"before": _fate(start["weights"][name]), "after": _fate(value)}
                for name, value in result.params["weights"].items()
            },
            "images_per_second": result.images_per_second,
            "kernel": result.kernel,
        }

    def table(self, rows: Sequence[Row]) -> StudyTable:
        """A line per version: published, re-simulated, ours in every condition."""
        lines = [self._line(rows, name) for name in versions() if self._has(rows, name)]
        conditions = [f"{s}, {p}" for p in self.protocols for s in self.semantics]
        headers = ["version", "published", "re-simulated", *conditions]
        headers += ["published inside ours", "ours - re-simulated"]
        return StudyTable(headers, lines, 1)

    def extra_table(self, rows: Sequence[Row]) -> StudyTable:
        """The conditions of `EXTRA`."""
        lines = []
        for (name, semantics, examples, reads), (mean, sd, seeds) in EXTRA.items():
            row = _find(rows, _point(name, semantics, "published", examples, reads))
            if row is not None:
                ours = row["test_accuracy"]
                checked = f"{mean:.3f} ± {sd:.3f}"
                same = _agreement(ours, mean, sd, seeds)
                lines.append([name, semantics, f"{examples:,}", checked, spread(ours), same])
        headers = ["version", "semantics", "N", "re-simulated", "ours", "ours - re-simulated"]
        return StudyTable(headers, lines, 2)

    def draw(self, rows: Sequence[Row], path: Path) -> Path:
        """Published, re-simulated and ours on one scale, a line per version."""
        lines = []
        for name, base in versions().items():
            row = _find(rows, _point(name, "faithful", "published", self.examples, base.reads))
            if row is None:
                continue
            other = _find(rows, _point(name, "corrected", "published", self.examples, base.reads))
            lines.append(
                {
                    "name": name.removeprefix("tnn-"),
                    "published": self._published(base).test_accuracy,
                    "faithful": row["test_accuracy"],
                    "corrected": None if other is None else other["test_accuracy"],
                }
            )
        return version_dots(lines, path, title=self.name, explanation=self._explanation())

    def _line(self, rows: Sequence[Row], name: str) -> list[str]:
        base = versions()[name]
        published = self._published(base)
        checked = published.checked
        line = [name, published.text]
        line.append("-" if checked is None else f"{checked[0]:.3f} ± {checked[1]:.3f}")
        for scheme in self.protocols:
            for semantics in self.semantics:
                row = _find(rows, _point(name, semantics, scheme, self.examples, base.reads))
                line.append("-" if row is None else spread(row["test_accuracy"]))
        first = _find(rows, _point(name, "faithful", "published", self.examples, base.reads))
        if first is None:
            return [*line, "-", "-"]
        ours = first["test_accuracy"]
        inside = "-"
        if published.test_accuracy is not None:
            inside = _inside(ours, published.test_accuracy)
        same = "-" if checked is None else _agreement(ours, *checked, RESIMULATED_SEEDS)
        return [*line, inside, same]

    def _published(self, base: WaveRecipe) -> Published:
        """What was published for so many examples."""
        protocol = Protocol("published", self.examples)
        return published_for(dataclasses.replace(base, protocol=protocol))

    def _has(self, rows: Sequence[Row], name: str) -> bool:
        return any(row["recipe"] == name for row in rows)

    def _explanation(self) -> str:
        return (
            f"N = {self.examples:,}, {self.seeds} seeds; dots are seeds, the bar is their mean, "
            "the diamond is the published number"
        )


def versions() -> dict[str, WaveRecipe]:
    """The recipes that compare with something published, by name."""
    return {
        name: one
        for name in RECIPES
        if isinstance(one := recipe(name), WaveRecipe) and name not in LEFT_OUT
    }


def _point(name: str, semantics: str, scheme: str, examples: int, reads: str) -> Point:
    return {
        "recipe": name,
        "semantics": semantics,
        "protocol": scheme,
        "examples": examples,
        "reads": reads,
    }


def _find(rows: Sequence[Row], point: Point) -> Row | None:
    for row in rows:
        if all(row[name] == value for name, value in point.items()):
            return row
    return None


def _fate(weights) -> dict[str, float]:
    """How many weights are not zero, and the mean."""
    values = np.asarray(weights)
    return {"alive": float((values > 0).mean()), "mean": float(values.mean())}


def _inside(ours: Sequence[float], published: float) -> str:
    """Whether a published number lies between our lowest and highest seed, or how far off it is."""
    summary = Summary.of(ours)
    if summary.min <= published <= summary.max:
        return "yes"
    if not summary.sd:
        return "no"
    return f"no, {(published - summary.mean) / summary.sd:+.1f} sd"


def _agreement(ours: Sequence[float], mean: float, sd: float, seeds: int) -> str:
    """The difference of means in standard errors of it."""
    summary = Summary.of(ours)
    error = math.sqrt(sd**2 / seeds + (summary.sd or 0.0) ** 2 / len(ours))
    return f"{(summary.mean - mean) / error:+.1f} se" if error else "-"
