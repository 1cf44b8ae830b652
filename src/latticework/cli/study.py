"""`latticework study NAME`: many runs that answer one question."""

import dataclasses
import os
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import tyro
from rich.console import Console

from latticework.cli.arguments import DataOptions, Unprefixed, parse, take_name
from latticework.cli.going_on import study_again
from latticework.cli.output import command, console, print_json, table
from latticework.core.interrupts import go_on_with
from latticework.core.side_work import side_work
from latticework.report import save_study
from latticework.studies.catalogue import STUDIES, study
from latticework.studies.conduct import StudyResult, conduct
from latticework.studies.journal import Journal
from latticework.studies.study import AbstractStudy, Row, rows_of
from latticework.train import run_folder
from latticework.train.progress import clock

USAGE = """usage: latticework study [--json]           list the studies
       latticework study NAME [OPTIONS]   run one
       latticework study NAME --help      its options"""


@dataclasses.dataclass(frozen=True)
class StudyOptions:
    """Measure every point of a study; each is kept as soon as it is there.

    Args:
        study: what to measure.
        data: where data come from.
        jobs: processes that measure side by side; the cores are shared among them.
        run_dir: where to keep the rows; runs/study-NAME-DATE-TIME when not given.
        resume: go on in this folder, with the same options.
        save: a checkout into whose results/ the raw results go.
        json: print the result as one JSON value and nothing else.
    """

    study: Annotated[AbstractStudy, tyro.conf.arg(name="")]
    data: Unprefixed = dataclasses.field(default_factory=DataOptions)
    jobs: int = dataclasses.field(default_factory=lambda: os.cpu_count() or 1)
    run_dir: Path | None = None
    resume: Path | None = None
    save: Path | None = None
    json: bool = False


def main(argv: Sequence[str]) -> int:
    """Measure, draw, print."""
    name, rest = take_name(argv)
    if name is None:
        if set(rest) <= {"--json"}:
            return _print_all("--json" in rest)
        if set(rest) & {"-h", "--help"}:
            print(USAGE)
            return 0
        raise ValueError(f"study needs a name, one of: {', '.join(STUDIES)}")
    options = parse(StudyOptions, rest, f"study {name}", study=study(name))
    screen = console()
    with run_folder(options.resume or options.run_dir, f"study-{name}") as folder:
        if not options.json:
            _heading(screen, options, folder)
        go_on_with(lambda: study_again(argv, folder) if Journal(folder).asked.exists() else None)
        lines = _Lines(screen, options.study)
        result = conduct(
            options.study,
            options.data.source(),
            folder,
            resume=options.resume is not None,
            jobs=options.jobs,
            on_row=lines if not options.json else lambda done, total, row: None,
        )
    try:
        if options.json:
            print_json({"run": folder, **result.record()})
        else:
            _print(screen, result, folder / "rows.jsonl")
    finally:
        if options.save is not None:
            save_study(options.save, name, result.record())
    with side_work("no picture of this study"):
        picture = options.study.draw(result.rows, folder / f"{name}.png")
        if not options.json:
            screen.print(f"picture {picture}", soft_wrap=True)
    return 0


def _print_all(json: bool) -> int:
    if json:
        print_json([dataclasses.asdict(one) for one in STUDIES.values()])
    else:
        rows = [(one.name, one.summary) for one in STUDIES.values()]
        console().print(table(("study", "what it asks"), rows))
    return 0


def _heading(screen: Console, options: StudyOptions, folder: Path) -> None:
    one = options.study
    screen.print(f"{one.name}: {one.summary}", style="bold", soft_wrap=True)
    screen.print(f"{len(one.points())} points, {options.jobs} at a time", soft_wrap=True)
    screen.print(
        f"folder {folder}; after an interruption go on with {command('--resume', folder)}",
        soft_wrap=True,
    )


class _Lines:
    """One line for every row that comes in."""

    def __init__(self, screen: Console, study: AbstractStudy) -> None:
        self._screen = screen
        self._names = list(study.points()[0])
        self._start = time.monotonic()
        self._count = 0

    def __call__(self, done: int, total: int, row: Row) -> None:
        self._count += 1
        left = (time.monotonic() - self._start) / self._count * (total - done)
        settings = ", ".join(f"{name} {row[name]}" for name in self._names)
        with side_work("the study goes on, but a line of progress is lost"):
            self._screen.print(
                f"{done}/{total}  {settings}  {row['seconds']:.1f} s, {clock(left)} left",
                soft_wrap=True,
            )


def _print(screen: Console, result: StudyResult, where: Path) -> None:
    with rows_of(where):
        found = result.study.table(result.rows)
    screen.print()
    screen.print(table(found.headers, found.rows, numbers=found.numbers))
    screen.print()
    screen.print(f"{len(result.rows)} points in {clock(result.seconds)}", soft_wrap=True)
