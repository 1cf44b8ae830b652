"""`study robustness`: how much error of measurement the local rule stands."""

import dataclasses
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from latticework.core.checks import require
from latticework.core.registry import unknown_name
from latticework.core.words import plural
from latticework.pictures import sweep_panels
from latticework.recipes import recipe, require_leaky
from latticework.rules import SIGNALS, HopTrace, NonIdealities
from latticework.studies.study import AbstractStudy, Point, Row, StudyTable
from latticework.studies.training import accuracies, spread, train_seeds
from latticework.tasks import DataSource


@dataclass(frozen=True)
class Sweep:
    """One error, at several sizes.

    Args:
        name: as published.
        title: in words.
        published: size of the error to published accuracy.
        errors: a size to what it does.
    """

    name: str
    title: str
    published: Mapping[float, float]
    errors: Callable[[float], NonIdealities]


SWEEPS = (
    Sweep(
        "1a_leak",
        "extra leak of the cross traces",
        {0: 0.269, 0.01: 0.269, 0.02: 0.258, 0.05: 0.258, 0.1: 0.264, 0.15: 0.257, 0.2: 0.244},
        lambda d: NonIdealities(trace_leak=d),
    ),
    Sweep(
        "1b_gain_sym",
        "messages lose a part at every hop",
        {0: 0.269, 0.02: 0.271, 0.05: 0.271, 0.1: 0.279, 0.2: 0.280},
        lambda d: NonIdealities(gain_positive=1 - d, gain_negative=1 - d),
    ),
    Sweep(
        "1b_gain_asym_A",
        "positive messages shrink, negative grow",
        {0: 0.269, 0.02: 0.264, 0.05: 0.211, 0.1: 0.106, 0.2: 0.106},
        lambda d: NonIdealities(gain_positive=1 - d, gain_negative=1 + d),
    ),
    Sweep(
        "1b_gain_asym_B",
        "positive messages grow, negative shrink",
        {0: 0.269, 0.02: 0.208, 0.05: 0.165, 0.1: 0.138, 0.2: 0.124},
        lambda d: NonIdealities(gain_positive=1 + d, gain_negative=1 - d),
    ),
    Sweep(
        "1c_subtraction",
        "bias of the subtraction",
        {-0.1: 0.275, -0.05: 0.272, -0.02: 0.271, 0: 0.269, 0.02: 0.269, 0.05: 0.269, 0.1: 0.258},
        lambda d: NonIdealities(subtraction_bias=d),
    ),
    Sweep(
        "2a_eps_noise",
        "noise of the cross traces",
        {0: 0.269, 0.01: 0.271, 0.05: 0.267, 0.1: 0.272, 0.2: 0.271, 0.5: 0.260, 1.0: 0.169},
        lambda d: NonIdealities(trace_noise=d),
    ),
    Sweep(
        "2b_msg_noise",
        "noise of the messages",
        {0: 0.269, 0.01: 0.161, 0.05: 0.174, 0.1: 0.186, 0.2: 0.176, 0.5: 0.111, 1.0: 0.108},
        lambda d: NonIdealities(message_noise=d),
    ),
    Sweep(
        "2c_combined_noise",
        "noise of both",
        {0: 0.269, 0.01: 0.155, 0.05: 0.185, 0.1: 0.174, 0.2: 0.104, 0.5: 0.102, 1.0: 0.109},
        lambda d: NonIdealities(trace_noise=d, message_noise=d),
    ),
)
"""The published sweep: 50 conditions, eight of which are the same, no error at all."""

IDEAL = "ideal"


@dataclass(frozen=True)
class Robustness(AbstractStudy):
    """The published sweep of errors, for one learning signal or several.

    Args:
        seeds: seeds per condition, 0..seeds-1; seed 0 is the published one.
        train_size: learn from the first so many images; None for all.
        epochs: passes over them.
        signals: learning signals, "message" (published) and "broadcast".
        sweeps: which sweeps; all when empty.
    """

    seeds: int = 10
    train_size: int | None = 6000
    epochs: int = 5
    signals: tuple[str, ...] = ("message",)
    sweeps: tuple[str, ...] = ()

    def points(self) -> Sequence[Point]:
        """Every condition once; where no error is, all sweeps share one."""
        require(self.seeds >= 1, f"seeds is {self.seeds}, expected 1 or more")
        known = {sweep.name: sweep for sweep in SWEEPS}
        for name in self.sweeps:
            require(name in known, unknown_name("sweep", name, known))
        for signal in self.signals:
            require(signal in SIGNALS.entries, unknown_name("signal", signal, SIGNALS.entries))
        found: list[Point] = []
        for signal in self.signals:
            found.append({"signal": signal, "sweep": IDEAL, "value": 0.0})
            found += [
                {"signal": signal, "sweep": sweep.name, "value": float(value)}
                for sweep in self._sweeps()
                for value in sweep.published
                if value
            ]
        return found

    def measure(self, point: Point, source: DataSource) -> Row:
        """Train one condition, all seeds side by side."""
        base = require_leaky(recipe("grid-snap1-adam"), "this study")
        errors = NonIdealities()
        if point["sweep"] != IDEAL:
            sweep = next(one for one in SWEEPS if one.name == point["sweep"])
            errors = sweep.errors(point["value"])
        rule = HopTrace(1, SIGNALS[point["signal"]](), errors)
        training = dataclasses.replace(
            base.training, train_size=self.train_size, epochs=self.epochs
        )
        one = dataclasses.replace(base, rule=rule, training=training)
        return accuracies(train_seeds(one, self.seeds, source))

    def table(self, rows: Sequence[Row]) -> StudyTable:
        """Condition, published, the published seed, all seeds."""
        lines = []
        for signal in self.signals:
            for sweep in self._sweeps():
                for value, published in sweep.published.items():
                    row = _row(rows, signal, sweep.name, value)
                    if row is not None:
                        lines.append(self._line(row, signal, sweep, value, published))
        headers = ["condition", "size", "published", "ours, seed 0, same 2,000 images"]
        headers.append(f"ours, {self.seeds} seeds, all 10,000")
        if len(self.signals) > 1:
            headers.insert(0, "signal")
        return StudyTable(headers, lines, len(headers) - 4)

    def draw(self, rows: Sequence[Row], path: Path) -> Path:
        """The published figure with error bars: one panel per sweep."""
        panels = [
            {
                "title": sweep.title,
                "published": dict(sweep.published) if self._is_published() else {},
                "series": {
                    signal: {
                        value: row["test_accuracy"]
                        for value in sweep.published
                        if (row := _row(rows, signal, sweep.name, value)) is not None
                    }
                    for signal in self.signals
                },
            }
            for sweep in self._sweeps()
        ]
        return sweep_panels(panels, path, title=self.name, explanation=self._explanation())

    def _sweeps(self) -> tuple[Sweep, ...]:
        return tuple(one for one in SWEEPS if not self.sweeps or one.name in self.sweeps)

    def _is_published(self) -> bool:
        """Whether the published sweep is among these, of the published size."""
        return self.train_size == 6000 and self.epochs == 5 and "message" in self.signals

    def _line(
        self, row: Row, signal: str, sweep: Sweep, value: float, published: float
    ) -> list[str]:
        same = self._is_published() and signal == "message"
        line = [
            sweep.title,
            f"{value:g}",
            f"{published:.3f}" if same else "-",
            f"{row['last_epoch_accuracy'][0]:.3f}",
            spread(row["test_accuracy"]),
        ]
        return [signal, *line] if len(self.signals) > 1 else line

    def _explanation(self) -> str:
        size = "all 60,000" if self.train_size is None else f"{self.train_size:,}"
        runs = f"{plural(self.epochs, 'epoch')}, {plural(self.seeds, 'seed')}"
        return (
            f"{size} images, {runs}: mean and standard deviation of the accuracy on all 10,000 "
            "test images"
        )


def _row(rows: Sequence[Row], signal: str, sweep: str, value: float) -> Row | None:
    """The row of a condition, the one without error for size 0."""
    wanted = (signal, sweep if value else IDEAL, float(value))
    found = (r for r in rows if (r["signal"], r["sweep"], float(r["value"])) == wanted)
    return next(found, None)
