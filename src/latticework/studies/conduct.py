"""Measure every point of a study, in several processes, and keep what is there."""

import functools
import os
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, wait
from concurrent.futures.process import BrokenProcessPool
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from latticework.core.checks import require
from latticework.core.environment import THREADS_VARIABLE
from latticework.core.interrupts import check, reporting
from latticework.studies.journal import Journal, in_order, missing
from latticework.studies.processes import processes
from latticework.studies.study import AbstractStudy, Point, Row
from latticework.tasks import DataSource
from latticework.train.lock import hold
from latticework.train.results import versions


@dataclass(frozen=True)
class StudyResult:
    """A study's rows and how they came about.

    Args:
        study: with its options.
        rows: in the order of the points.
        seconds: of this call, what was resumed apart.
        points_measured: by this call.
        versions: of the software, and the machine.
    """

    study: AbstractStudy
    rows: tuple[Row, ...]
    seconds: float
    points_measured: int
    versions: dict[str, str]

    def record(self) -> dict[str, Any]:
        """What is stored."""
        return {
            "study": asdict(self.study),
            "seconds": self.seconds,
            "points_measured": self.points_measured,
            "versions": self.versions,
            "rows": list(self.rows),
        }


OnRow = Callable[[int, int, Row], None]
"""Called with (rows there are, points, the new row)."""


def conduct(
    study: AbstractStudy,
    source: DataSource,
    folder: Path,
    *,
    resume: bool = False,
    jobs: int = 1,
    on_row: OnRow = lambda done, total, row: None,
) -> StudyResult:
    """Measure whatever the folder does not hold yet.

    Args:
        study: what to measure.
        source: where data come from.
        folder: keeps every row as soon as it is measured.
        resume: whether the folder may hold rows of the same study.
        jobs: processes; each has its share of the cores.
        on_row: hears of every row.

    Raises:
        ValueError: an option is out of range, the folder holds something else, or a point cannot
            be measured.
        OSError: a file cannot be read or written.
    """
    require(jobs >= 1, f"jobs is {jobs}, expected 1 or more")
    start = time.monotonic()
    points, journal = study.points(), Journal(folder)
    with hold(folder):
        journal.begin(asdict(study), resume=resume)
        rows = journal.read()
        left = missing(points, rows)
        with reporting(lambda: f"{study.name}: {len(rows)} points measured; saved in {folder}"):
            for row in _measured(study, left, source, min(jobs, max(len(left), 1))):
                check()  # what a stop has cut off is measured again
                journal.add(row)
                rows.append(row)
                on_row(len(points) - len(missing(points, rows)), len(points), row)
        rows = journal.read()
    return StudyResult(
        study,
        tuple(in_order(points, rows)),
        time.monotonic() - start,
        len(left),
        versions(),
    )


def measure_point(study: AbstractStudy, point: Point, source: DataSource) -> Row:
    """The row of one point: its settings, what was found, and how long it took."""
    start = time.monotonic()
    found = study.measure(point, source)
    return {**point, **found, "seconds": time.monotonic() - start}


def _measured(
    study: AbstractStudy, points: Sequence[Point], source: DataSource, jobs: int
) -> Iterator[Row]:
    if jobs == 1:
        for point in points:
            yield measure_point(study, point, source)
        return
    threads = max(1, (os.cpu_count() or 1) // jobs)
    with processes(jobs, functools.partial(_use_threads, threads)) as pool:
        waiting: set[Future[Row]] = {
            pool.submit(measure_point, study, point, source) for point in points
        }
        try:
            while waiting:
                done, waiting = wait(waiting, return_when=FIRST_COMPLETED)
                for future in done:
                    yield future.result()
        except BrokenProcessPool as error:
            check()
            raise OSError(
                "a process that measured was ended from outside, perhaps for want of memory; what "
                "was measured is kept: go on with --resume and fewer --jobs"
            ) from error


def _use_threads(threads: int) -> None:
    os.environ.setdefault(THREADS_VARIABLE, str(threads))
