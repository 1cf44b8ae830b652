"""What a study is: many measurements of one kind, and what they say."""

import abc
import contextlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

from latticework.core.fixed import Fixed
from latticework.tasks import DataSource

Point = Mapping[str, Any]
"""One measurement's settings, JSON values only; no two points of a study are equal."""

Row = Mapping[str, Any]
"""A point's settings and what was measured there, JSON values only."""


class StudyTable(NamedTuple):
    """What a study says, as a table.

    Args:
        headers: names of the columns.
        rows: as many cells in each.
        numbers: columns from here on are numbers.
    """

    headers: Sequence[str]
    rows: Sequence[Sequence[str]]
    numbers: int


@contextlib.contextmanager
def rows_of(where: Path | str) -> Iterator[None]:
    """Within it rows are read that somebody may have edited.

    Raises:
        ValueError: they lack what the study wrote into them, or hold other kinds of values.
    """
    try:
        yield
    except (ArithmeticError, AttributeError, LookupError, TypeError) as error:
        raise ValueError(
            f"{where} holds rows that this study did not write ({type(error).__name__}: {error}); "
            "measure them again in another folder"
        ) from error


@dataclass(frozen=True)
class AbstractStudy(abc.ABC):
    """A study: its fields are its options, and its points are measured one by one.

    Every point is measured from its settings alone, so that points may be measured in any order, in
    several processes, and after an interruption.

    Args:
        name: what the command line calls it.
        summary: one sentence.
        source: what was published of it, or whose question it is.
    """

    name: Fixed[str]
    summary: Fixed[str]
    source: Fixed[str]

    @abc.abstractmethod
    def points(self) -> Sequence[Point]:
        """Everything to measure.

        Raises:
            ValueError: the options do not fit together.
        """

    @abc.abstractmethod
    def measure(self, point: Point, source: DataSource) -> Row:
        """What is found at `point`, without the point's own settings.

        Raises:
            ValueError: the data cannot be had, or are damaged.
            OSError: a file cannot be read.
        """

    @abc.abstractmethod
    def table(self, rows: Sequence[Row]) -> StudyTable:
        """What the rows say; some may be missing."""

    @abc.abstractmethod
    def draw(self, rows: Sequence[Row], path: Path) -> Path:
        """Draw the rows into a .png file."""
