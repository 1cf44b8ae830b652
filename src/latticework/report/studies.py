"""Raw results of studies: one JSON file each under `results/studies`, with its table and figure."""

import dataclasses
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from latticework.studies.catalogue import STUDIES
from latticework.studies.study import AbstractStudy, Row
from latticework.train import write_json
from latticework.untrusted import file_name, read_json, schema

_STORED = schema.record(
    {
        "study": schema.mapping(schema.anything),
        "rows": schema.items(schema.mapping(schema.anything)),
    }
)


@dataclass(frozen=True)
class StudyRecord:
    """A study as it was run.

    Args:
        study: with the options that it was run with.
        rows: what was measured.
        record: the rest: seconds, versions.
    """

    study: AbstractStudy
    rows: tuple[Row, ...]
    record: Mapping[str, Any]


def study_path(root: Path, name: str) -> Path:
    """Where the raw result of a study lies."""
    return root / "results" / "studies" / f"{file_name(name)}.json"


def save_study(root: Path, name: str, record: Mapping[str, Any]) -> Path:
    """Write the raw result of a study; overwrites an earlier one of the same name."""
    path = study_path(root, name)
    path.parent.mkdir(parents=True, exist_ok=True)
    write_json(path, record)
    return path


def read_studies(root: Path) -> dict[str, StudyRecord]:
    """All raw results of studies under `root`.

    Raises:
        ValueError: a file is damaged or of another version.
    """
    found = {}
    for path in sorted((root / "results" / "studies").glob("*.json")):
        advice = f"run latticework study {path.stem} again"
        raw = read_json(path, _STORED, advice=advice)
        try:
            options = {name: _plain(value) for name, value in raw["study"].items()}
            study = dataclasses.replace(STUDIES[path.stem], **options)
            rest = {name: value for name, value in raw.items() if name not in ("study", "rows")}
            found[path.stem] = StudyRecord(study, tuple(raw["rows"]), rest)
        except (ValueError, KeyError, TypeError) as error:
            raise ValueError(
                f"{path} is not a raw result of this version ({error}); {advice}"
            ) from error
    return found


def _plain(value: Any) -> Any:
    """JSON's lists are tuples in a study's options."""
    return tuple(_plain(item) for item in value) if isinstance(value, list) else value


Draw = Callable[[Path], object]


def figure_data(record: StudyRecord) -> Any:
    """What the figure of a study shows."""
    return {"study": dataclasses.asdict(record.study), "rows": list(record.rows)}
