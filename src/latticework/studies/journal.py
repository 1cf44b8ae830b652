"""The folder of a study: what is asked, and every measurement as soon as it is there."""

import functools
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from latticework.studies.study import Point, Row
from latticework.train.files import append_line, make_folder, plain, write_atomically, write_json
from latticework.train.identity import (
    check_identity,
    identity_of,
    marked,
    new_identity,
    unmarked,
)
from latticework.untrusted import read_json, read_json_lines, schema

_ADVICE = "remove the folder and run the study again"
_OBJECT = schema.mapping(schema.anything)


@dataclass(frozen=True)
class Journal:
    """A study's folder: study.json is what was asked, rows.jsonl has a line per measurement.

    Both carry the identity of the study, so that no row of another one is taken for its own.
    """

    path: Path

    @property
    def asked(self) -> Path:
        """The study with its options."""
        return self.path / "study.json"

    @property
    def rows_file(self) -> Path:
        """One JSON object per measured point."""
        return self.path / "rows.jsonl"

    def begin(self, study: Mapping[str, Any], *, resume: bool) -> None:
        """Make the folder ready; call it while the folder is held.

        Raises:
            ValueError: it holds another study, or one that was not to be resumed.
            OSError: it cannot be written.
        """
        if self.asked.exists():
            if not resume:
                raise ValueError(
                    f"{self.path} already holds a study; resume it, or choose another folder"
                )
            if unmarked(read_json(self.asked, _OBJECT, advice=_ADVICE)) != plain(study):
                raise ValueError(
                    f"{self.path} was begun with other options; resume it unchanged, or choose "
                    "another folder"
                )
            self._drop_cut_line()
            return
        if self.rows_file.exists():
            raise ValueError(
                f"{self.path} holds rows but no study.json; choose another folder, or remove it"
            )
        make_folder(self.path)
        write_json(self.asked, marked(study, new_identity()))

    @functools.cached_property
    def identity(self) -> str | None:
        """What tells the study from all others; None for an older one, which has no such name."""
        if not self.asked.is_file():
            return None
        return identity_of(read_json(self.asked, _OBJECT, advice=_ADVICE))

    def _drop_cut_line(self) -> None:
        """Cut off what a crash left after the last whole line, or the next row would join it."""
        if self.rows_file.is_file():
            data = self.rows_file.read_bytes()
            whole = data[: data.rfind(b"\n") + 1]
            if whole != data:
                write_atomically(self.rows_file, whole)

    def read(self) -> list[Row]:
        """All rows; a last line that was cut off is left out.

        Raises:
            ValueError: a line before the last is damaged or no row, or belongs to another study.
        """
        if not self.rows_file.is_file():
            return []
        rows = read_json_lines(self.rows_file, _OBJECT, advice=_ADVICE)
        for row in rows:
            check_identity(self.rows_file, row, self.identity, self.asked)
        return [unmarked(row) for row in rows]

    def add(self, row: Row) -> None:
        """Keep one row for good."""
        append_line(self.rows_file, json.dumps(plain(marked(row, self.identity))))


def missing(points: Sequence[Point], rows: Sequence[Row]) -> list[Point]:
    """The points that no row belongs to."""

    def key(settings: Mapping[str, Any], names: Sequence[str]) -> str:
        return json.dumps(plain({name: settings.get(name) for name in sorted(names)}))

    done: dict[tuple[str, ...], set[str]] = {}
    left = []
    for point in points:
        names = tuple(sorted(point))
        if names not in done:
            done[names] = {key(row, names) for row in rows}
        if key(point, names) not in done[names]:
            left.append(point)
    return left


def in_order(points: Sequence[Point], rows: Sequence[Row]) -> list[Row]:
    """The rows in the order of their points."""
    ordered = []
    for point in points:
        ordered += [row for row in rows if all(row.get(k) == v for k, v in plain(point).items())]
    return ordered
