"""`study precision`, `study translation`: what bits, devices and errors the local rule stands."""

import dataclasses
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from latticework.core.checks import require
from latticework.core.fixed_point import FixedPoint
from latticework.core.registry import unknown_name
from latticework.core.words import plural
from latticework.models import Mismatch
from latticework.pictures import sweep_panels
from latticework.recipes import LeakyRecipe, recipe, require_leaky
from latticework.rules import HopTrace, NonIdealities
from latticework.studies.study import AbstractStudy, Point, Row, StudyTable
from latticework.studies.training import (
    accuracies,
    load_once,
    spread,
    train_seeds,
)
from latticework.tasks import DataSource, without_fallback
from latticework.train import Evaluator

LIMITS = (("log_tau", 16.0),)
"""log tau lies around -7 (tau in seconds); weights, biases and traces stay below 4."""

PARAMETER_BITS = (4, 6, 8, 10, 12, 16)
TRACE_BITS = (2, 3, 4, 6, 8, 12)
DEVIATIONS = (0.05, 0.1, 0.2, 0.4)
IDEAL = "ideal"

TITLES = {
    "parameters, nearest": "parameter bits, to nearest",
    "parameters, stochastic": "parameter bits, at random",
    "traces, nearest": "trace bits, to nearest",
    "traces, stochastic": "trace bits, at random",
    "gain, learned in place": "gain mismatch, in place",
    "gain, transferred": "gain mismatch, transferred",
    "time constant, learned in place": "tau mismatch, in place",
    "time constant, transferred": "tau mismatch, transferred",
}
USUAL = tuple(TITLES)
ERRORS: Mapping[str, tuple[str, tuple[float, ...], Callable[[float], NonIdealities]]] = {
    "message noise": (
        "noise of every message that is read",
        (0.01, 0.05, 0.1, 0.2, 0.5, 1.0),
        lambda d: NonIdealities(message_noise=d),
    ),
    "trace noise": (
        "noise of the cross traces",
        (0.1, 0.5, 1.0),
        lambda d: NonIdealities(trace_noise=d),
    ),
    "trace leak": ("leak of the cross traces", (0.05, 0.2), lambda d: NonIdealities(trace_leak=d)),
    "gain by sign": (
        "positive messages shrink, negative grow",
        (0.02, 0.05, 0.1, 0.2),
        lambda d: NonIdealities(gain_positive=1 - d, gain_negative=1 + d),
    ),
}
"""Errors of measurement: title, sizes, and what a size does; see `study robustness`."""
TITLES |= {name: title for name, (title, _, _) in ERRORS.items()}


@dataclass(frozen=True)
class Precision(AbstractStudy):
    """Fixed point, mismatch and errors of measurement, one at a time, on recipes of local rules.

    Args:
        recipes: recipes to try.
        seeds: seeds per point; each has devices of its own.
        epochs: passes over all images.
        sweeps: which sweeps; fixed point and mismatch when empty.
    """

    recipes: tuple[str, ...] = ("tree-best-snap1", "grid-best")
    seeds: int = 3
    epochs: int = 5
    sweeps: tuple[str, ...] = ()

    def points(self) -> Sequence[Point]:
        """Every condition once, the ideal one first."""
        require(self.seeds >= 1, f"seeds is {self.seeds}, expected 1 or more")
        for name in self.sweeps:
            require(name in TITLES, unknown_name("sweep", name, TITLES))
        found: list[Point] = []
        for name in self.recipes:
            require_leaky(recipe(name), "this study")
            found.append({"recipe": name, "sweep": IDEAL, "value": 0.0})
            found += [
                {"recipe": name, "sweep": sweep, "value": value}
                for sweep in self._sweeps()
                for value in _values(sweep)
            ]
        return found

    def measure(self, point: Point, source: DataSource) -> Row:
        """Train under one condition; a transferred network is trained on ideal devices."""
        base = require_leaky(recipe(point["recipe"]), "this study")
        training = dataclasses.replace(base.training, epochs=self.epochs, eval_subset=None)
        one = _under(dataclasses.replace(base, training=training), point)
        if not point["sweep"].endswith("transferred"):
            return accuracies(train_seeds(one, self.seeds, source))
        ideal = dataclasses.replace(one, mismatch=Mismatch())
        result = train_seeds(ideal, self.seeds, source)
        task = without_fallback(one.task)
        dataset = load_once(task, source)
        evaluator = Evaluator(
            one.learner(),
            task.encode,
            dataset.test_inputs,
            dataset.test_targets,
            one.training.eval_batch,
        )
        return {
            **accuracies(result),
            "test_accuracy": evaluator.accuracy(result.params).tolist(),
        }

    def table(self, rows: Sequence[Row]) -> StudyTable:
        """One line per condition, one column per recipe."""
        lines = []
        for sweep in (IDEAL, *self._sweeps()):
            for value in _values(sweep):
                each = [_row(rows, name, sweep, value) for name in self.recipes]
                cells = ["-" if row is None else spread(row["test_accuracy"]) for row in each]
                what = "as it is, ideal devices" if sweep == IDEAL else TITLES[sweep]
                lines.append([what, "-" if sweep == IDEAL else f"{value:g}", *cells])
        return StudyTable(["condition", "size", *self.recipes], lines, 1)

    def draw(self, rows: Sequence[Row], path: Path) -> Path:
        """One panel per sweep; the last point of a panel of bits is what no rounding gives."""
        panels = []
        for sweep in self._sweeps():
            series = {}
            for name in self.recipes:
                values: dict[float, list[float]] = {}
                for value in (*_values(sweep), _ideal_size(sweep)):
                    where = IDEAL if value == _ideal_size(sweep) else sweep
                    row = _row(rows, name, where, 0.0 if where == IDEAL else value)
                    if row is not None:
                        values[value] = row["test_accuracy"]
                series[name] = values
            panels.append({"title": TITLES[sweep], "series": series, "published": {}})
        runs = f"{plural(self.epochs, 'epoch')}, {plural(self.seeds, 'seed')}"
        text = f"{runs}: mean and standard deviation; 32 bits stand for no rounding"
        return sweep_panels(panels, path, title=self.name, explanation=text)

    def _sweeps(self) -> tuple[str, ...]:
        return tuple(name for name in TITLES if name in (self.sweeps or USUAL))


def _values(sweep: str) -> Iterator[float]:
    if sweep == IDEAL:
        yield 0.0
    elif sweep.startswith("parameters"):
        yield from map(float, PARAMETER_BITS)
    elif sweep.startswith("traces"):
        yield from map(float, TRACE_BITS)
    elif sweep in ERRORS:
        yield from ERRORS[sweep][1]
    else:
        yield from DEVIATIONS


def _ideal_size(sweep: str) -> float:
    """Where the ideal stands on a panel's axis."""
    return 32.0 if sweep.startswith(("parameters", "traces")) else 0.0


def _under(base: LeakyRecipe, point: Point) -> LeakyRecipe:
    """The recipe under the condition of `point`."""
    sweep, value = point["sweep"], point["value"]
    if sweep == IDEAL:
        return base
    if sweep in ERRORS:
        return dataclasses.replace(
            base, rule=_changed(base, non_idealities=ERRORS[sweep][2](value))
        )
    what, how = sweep.split(", ")
    if what in ("gain", "time constant"):
        field = what.replace(" ", "_")
        return dataclasses.replace(base, mismatch=Mismatch(**{field: value}))
    storage = FixedPoint(int(value), rounding=how)
    if what == "traces":
        return dataclasses.replace(base, rule=_changed(base, storage=storage))
    optimiser = dataclasses.replace(base.optimiser, storage=storage, storage_limits=LIMITS)
    return dataclasses.replace(base, optimiser=optimiser)


def _changed(base: LeakyRecipe, **fields: Any) -> HopTrace:
    """The recipe's rule with other fields."""
    rule = base.rule
    if not isinstance(rule, HopTrace):
        raise ValueError(f"{base.name} has no traces; choose a recipe with the rule hop_trace")
    return dataclasses.replace(rule, **fields)


def _row(rows: Sequence[Row], name: str, sweep: str, value: float) -> Row | None:
    wanted = (name, sweep, value)
    return next((r for r in rows if (r["recipe"], r["sweep"], r["value"]) == wanted), None)
