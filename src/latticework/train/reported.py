"""Progress for those who ask from outside, by SIGUSR1."""

import contextlib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from latticework.core.interrupts import reporting
from latticework.train.progress import AbstractProgress, Moment


class ReportedProgress(AbstractProgress):
    """Another display, which also knows what to answer when somebody asks how far the run is.

    Args:
        shown: the display.
        folder: where the run is saved; None for nowhere.
    """

    def __init__(self, shown: AbstractProgress, folder: Path | str | None) -> None:
        self._shown, self._folder = shown, folder
        self._moment: Moment | None = None
        self._reporting = contextlib.ExitStack()

    def notes(self, texts: Sequence[str]) -> None:
        """Show the notes."""
        self._shown.notes(texts)

    def begin(self, epochs: int, steps_per_epoch: int) -> None:
        """Begin the display; from now on there is an answer."""
        self._reporting.enter_context(reporting(self._report))
        self._shown.begin(epochs, steps_per_epoch)

    def moment(self, moment: Moment) -> None:
        """Show the moment and keep it."""
        self._moment = moment
        self._shown.moment(moment)

    def epoch(self, line: Mapping[str, Any], moment: Moment) -> None:
        """Show the epoch and keep its moment."""
        self._moment = moment
        self._shown.epoch(line, moment)

    def end(self, message: str) -> None:
        """End the display; there is no answer any more."""
        self._reporting.close()
        self._shown.end(message)

    def _report(self) -> str:
        """Where the run is, in words; another thread may ask."""
        place = "nothing is saved" if self._folder is None else f"saved in {self._folder}"
        now = self._moment
        if now is None:
            return f"compiling; {place}"
        loss = "-" if now.loss is None else f"{now.loss:.4f}"
        return (
            f"epoch {min(now.epoch + 1, now.epochs)}/{now.epochs}, step {now.step} of "
            f"{now.steps_per_epoch}, loss {loss}; {place}"
        )
