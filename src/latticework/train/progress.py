"""What a user sees while a run goes on."""

import abc
import contextlib
import dataclasses
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from rich.console import Console
from rich.progress import BarColumn, Progress, TaskID, TextColumn

from latticework.core.side_work import side_work


@dataclasses.dataclass(frozen=True)
class Moment:
    """Where a run is.

    Args:
        epoch: current epoch, from 0.
        epochs: number of epochs.
        step: steps done in this epoch.
        steps_per_epoch: steps in an epoch.
        loss: this epoch's mean training loss so far, over all seeds; None before the first step.
        accuracy: likewise the training accuracy.
        images_per_second: training speed over all seeds.
        seconds_left: estimate, None when there is nothing to go by.
    """

    epoch: int
    epochs: int
    step: int
    steps_per_epoch: int
    loss: float | None
    accuracy: float | None
    images_per_second: float
    seconds_left: float | None


class AbstractProgress(abc.ABC):
    """A display; the loop calls `begin`, then the others as things happen, and always `end`."""

    @abc.abstractmethod
    def notes(self, texts: Sequence[str]) -> None:
        """What a resumed run has that is not as it was; comes before `begin`."""

    @abc.abstractmethod
    def begin(self, epochs: int, steps_per_epoch: int) -> None:
        """The run starts (or goes on); compilation comes first."""

    @abc.abstractmethod
    def moment(self, moment: Moment) -> None:
        """Some steps were taken."""

    @abc.abstractmethod
    def epoch(self, line: Mapping[str, Any], moment: Moment) -> None:
        """An epoch is finished; `line` is its record in metrics.jsonl."""

    @abc.abstractmethod
    def end(self, message: str) -> None:
        """The run is over; `message` is empty if it ended with an exception."""


class SilentProgress(AbstractProgress):
    """Shows nothing."""

    def notes(self, texts: Sequence[str]) -> None:
        """Nothing."""

    def begin(self, epochs: int, steps_per_epoch: int) -> None:
        """Nothing."""

    def moment(self, moment: Moment) -> None:
        """Nothing."""

    def epoch(self, line: Mapping[str, Any], moment: Moment) -> None:
        """Nothing."""

    def end(self, message: str) -> None:
        """Nothing."""


class LineProgress(AbstractProgress):
    """One plain line per epoch, for logs and pipes."""

    def __init__(self, console: Console) -> None:
        self._console = console

    def notes(self, texts: Sequence[str]) -> None:
        """Print each on a line."""
        _print_notes(self._console, texts)

    def begin(self, epochs: int, steps_per_epoch: int) -> None:
        """Say what goes on until the first line comes."""
        epochs_text = "one epoch" if epochs == 1 else f"{epochs:,} epochs"
        _print(self._console, f"compiling, then {epochs_text}; a line follows for each")

    def moment(self, moment: Moment) -> None:
        """Nothing."""

    def epoch(self, line: Mapping[str, Any], moment: Moment) -> None:
        """Print the epoch's line."""
        _print(self._console, epoch_text(line, moment))

    def end(self, message: str) -> None:
        """Print how it ended."""
        if message:
            _print(self._console, message)


class RichProgress(AbstractProgress):
    """One live line at the bottom of a terminal; finished epochs stay above it."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._bar = Progress(
            TextColumn("{task.description}", markup=False),
            BarColumn(bar_width=24),
            TextColumn("{task.fields[text]}", markup=False),
            console=console,
            transient=True,
        )
        self._task: TaskID | None = None

    def notes(self, texts: Sequence[str]) -> None:
        """Print each on a line."""
        _print_notes(self._console, texts)

    def begin(self, epochs: int, steps_per_epoch: int) -> None:
        """Show the line."""
        total = epochs * steps_per_epoch
        self._task = self._bar.add_task("compiling", total=total, text="")
        self._bar.start()

    def moment(self, moment: Moment) -> None:
        """Refresh the line."""
        if self._task is not None:
            self._bar.update(
                self._task,
                description=f"epoch {min(moment.epoch + 1, moment.epochs)}/{moment.epochs}",
                completed=moment.epoch * moment.steps_per_epoch + moment.step,
                text=moment_text(moment),
            )

    def epoch(self, line: Mapping[str, Any], moment: Moment) -> None:
        """Put the epoch's line above the live one."""
        _print(self._bar.console, epoch_text(line, moment))
        self.moment(moment)

    def end(self, message: str) -> None:
        """Take the line away."""
        self._bar.stop()
        if message:
            _print(self._console, message)


class ForgivingProgress(AbstractProgress):
    """Another display, whose failure is a warning: the run goes on and shows nothing any more.

    Args:
        shown: the display.
    """

    def __init__(self, shown: AbstractProgress) -> None:
        self._shown = shown

    def notes(self, texts: Sequence[str]) -> None:
        """Show the notes."""
        with self._forgiving():
            self._shown.notes(texts)

    def begin(self, epochs: int, steps_per_epoch: int) -> None:
        """Begin the display."""
        with self._forgiving():
            self._shown.begin(epochs, steps_per_epoch)

    def moment(self, moment: Moment) -> None:
        """Show the moment."""
        with self._forgiving():
            self._shown.moment(moment)

    def epoch(self, line: Mapping[str, Any], moment: Moment) -> None:
        """Show the epoch."""
        with self._forgiving():
            self._shown.epoch(line, moment)

    def end(self, message: str) -> None:
        """End the display."""
        with self._forgiving():
            self._shown.end(message)

    @contextlib.contextmanager
    def _forgiving(self) -> Iterator[None]:
        with side_work("the run goes on, but its progress cannot be shown"):
            try:
                yield
            except Exception:
                failed, self._shown = self._shown, SilentProgress()
                with contextlib.suppress(Exception):
                    failed.end("")
                raise


def choose_progress(console: Console, *, silent: bool = False) -> AbstractProgress:
    """The display for `console`: live in a terminal, plain lines elsewhere, or none."""
    if silent:
        return SilentProgress()
    return RichProgress(console) if console.is_terminal else LineProgress(console)


def epoch_text(line: Mapping[str, Any], moment: Moment) -> str:
    """A finished epoch in one line of text."""
    parts = [
        f"epoch {line['epoch'] + 1}/{moment.epochs}",
        f"loss {_number(line['train_loss'])}",
        f"train {_number(line['train_accuracy'])}",
        f"test {_number(line['test_accuracy'])}",
        f"{line['images_per_second']:,.0f} examples/s",
    ]
    if moment.seconds_left is not None:
        parts.append(f"{clock(moment.seconds_left)} left")
    return "  ".join(parts)


def moment_text(moment: Moment) -> str:
    """The part of the live line after the bar."""
    parts = [
        f"loss {_number(moment.loss)}",
        f"accuracy {_number(moment.accuracy)}",
        f"{moment.images_per_second:,.0f} examples/s",
    ]
    if moment.seconds_left is not None:
        parts.append(f"{clock(moment.seconds_left)} left")
    return "  ".join(parts)


def clock(seconds: float) -> str:
    """Seconds as `m:ss`, from an hour on as `h:mm:ss`."""
    minutes, rest = divmod(max(round(seconds), 0), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"


def _number(value: float | None) -> str:
    return "-" if value is None else f"{value:.4f}"


def _print_notes(console: Console, texts: Sequence[str]) -> None:
    for text in texts:
        _print(console, f"note: {text}")


def _print(console: Console, text: str) -> None:
    """Print as it is: no markup, no colour, no wrapping."""
    console.print(text, markup=False, highlight=False, soft_wrap=True)
