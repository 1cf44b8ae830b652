"""Studies: every point measured once, kept at once, found again after an interruption."""

import json
import signal
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from latticework.core import interrupts
from latticework.report import read_results, save_study
from latticework.studies.catalogue import STUDIES, study
from latticework.studies.conduct import conduct
from latticework.studies.journal import Journal, in_order, missing
from latticework.studies.study import AbstractStudy, Point, Row, StudyTable
from latticework.tasks import DataSource
from latticework.train.lock import hold

SOURCE = DataSource(None, offline=True)


@dataclass(frozen=True)
class Squares(AbstractStudy):
    """Squares of numbers; stands for a study that takes hours."""

    count: int = 4
    stops_at: int = -1

    def points(self) -> Sequence[Point]:
        return [{"number": n} for n in range(self.count)]

    def measure(self, point: Point, source: DataSource) -> Row:
        if point["number"] == self.stops_at:
            raise ValueError("the machine went away")
        return {"square": point["number"] ** 2}

    def table(self, rows: Sequence[Row]) -> StudyTable:
        return StudyTable(["number"], [[str(row["number"])] for row in rows], 1)

    def draw(self, rows: Sequence[Row], path: Path) -> Path:
        return path


SQUARES = Squares("squares", "squares of numbers", "arithmetic")


def test_an_interrupted_study_goes_on_where_it_was(tmp_path: Path) -> None:
    broken, seen = replace(SQUARES, stops_at=2), []
    with pytest.raises(ValueError, match="went away"):
        conduct(broken, SOURCE, tmp_path / "s")
    assert [row["square"] for row in Journal(tmp_path / "s").read()] == [0, 1]
    asked = tmp_path / "s" / "study.json"
    asked.write_text(json.dumps({**json.loads(asked.read_text()), **_asked(SQUARES)}))
    with (tmp_path / "s" / "rows.jsonl").open("a") as file:
        file.write('{"number": 2, "squ')  # cut off by the power cut
    result = conduct(
        SQUARES,
        SOURCE,
        tmp_path / "s",
        resume=True,
        on_row=lambda done, total, row: seen.append((done, total, row["square"])),
    )
    assert seen == [(3, 4, 4), (4, 4, 9)]
    assert [row["square"] for row in result.rows] == [0, 1, 4, 9]
    assert result.points_measured == 2


def _asked(one: AbstractStudy) -> dict:
    return {field: getattr(one, field) for field in one.__dataclass_fields__}


@pytest.mark.all
def test_several_processes_give_the_same_rows(tmp_path: Path) -> None:
    rows = conduct(SQUARES, SOURCE, tmp_path / "b", jobs=2).rows
    assert [row["square"] for row in rows] == [0, 1, 4, 9]


def test_a_folder_holds_one_study(tmp_path: Path) -> None:
    conduct(SQUARES, SOURCE, tmp_path)
    with pytest.raises(ValueError, match="already holds a study"):
        conduct(SQUARES, SOURCE, tmp_path)
    with pytest.raises(ValueError, match="begun with other options"):
        conduct(replace(SQUARES, count=5), SOURCE, tmp_path, resume=True)
    with pytest.raises(ValueError, match="jobs is 0"):
        conduct(SQUARES, SOURCE, tmp_path / "n", jobs=0)


def test_points_and_rows_find_each_other() -> None:
    points = [{"a": "x", "b": 0.0}, {"a": "y", "b": 1.0}]
    rows = [{"a": "y", "b": 1.0, "found": 5}]
    assert missing(points, rows) == [points[0]]
    assert in_order(points, [{"a": "x", "b": 0.0, "found": 4}, *rows])[0]["found"] == 4


@pytest.mark.parametrize("name", STUDIES)
def test_every_study_has_distinct_points_and_survives_the_report(name: str, tmp_path: Path) -> None:
    one = study(name)
    keys = [json.dumps(dict(point), sort_keys=True) for point in one.points()]
    assert len(set(keys)) == len(keys) > 1
    save_study(tmp_path, name, {"study": _asked(one), "rows": [], "seconds": 1.0})
    assert read_results(tmp_path).studies[name].study == one
    assert one.table([]).headers


def test_the_published_sweep_has_fifty_conditions() -> None:
    from latticework.studies.robustness import SWEEPS

    assert sum(len(sweep.published) for sweep in SWEEPS) == 50
    assert len(study("robustness").points()) == 43  # no error at all is one condition, not eight
    assert all(sweep.published[0] == 0.269 for sweep in SWEEPS)


def test_unknown_names_are_refused() -> None:
    with pytest.raises(ValueError, match="no study named 'robust'; did you mean 'robustness'"):
        study("robust")
    with pytest.raises(ValueError, match="no sweep named '1a'"):
        replace(study("robustness"), sweeps=("1a",)).points()  # pyright: ignore[reportCallIssue]


@dataclass(frozen=True)
class Stopped(Squares):
    """Squares of which the third is cut off by Ctrl-C, as a training is: it returns what it has."""

    def measure(self, point: Point, source: DataSource) -> Row:
        with interrupts.postponed():
            if point["number"] == 2:
                signal.raise_signal(signal.SIGINT)
        return super().measure(point, source)


def test_a_point_that_was_cut_off_is_no_row_and_measured_again(tmp_path: Path) -> None:
    stopped = Stopped("squares", "squares of numbers", "arithmetic")
    with interrupts.watching([]), pytest.raises(interrupts.Interrupted):
        conduct(stopped, SOURCE, tmp_path / "s")
    assert [row["square"] for row in Journal(tmp_path / "s").read()] == [0, 1]
    result = conduct(SQUARES, SOURCE, tmp_path / "s", resume=True)
    assert [row["square"] for row in result.rows] == [0, 1, 4, 9]


def test_a_study_that_is_measured_is_busy_and_has_rows_of_its_own_alone(tmp_path: Path) -> None:
    for name in ("one", "other"):
        conduct(SQUARES, SOURCE, tmp_path / name)
    with hold(tmp_path / "one"), pytest.raises(ValueError, match="is being written by process"):
        conduct(SQUARES, SOURCE, tmp_path / "one", resume=True)
    rows = tmp_path / "other" / "rows.jsonl"
    (tmp_path / "one" / "rows.jsonl").write_bytes(rows.read_bytes())
    with pytest.raises(ValueError, match="belongs to another run"):
        conduct(SQUARES, SOURCE, tmp_path / "one", resume=True)
