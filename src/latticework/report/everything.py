"""All committed raw results: of recipes, of studies and of benchmarks."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from latticework.report.results import RunResult, read_runs
from latticework.report.studies import StudyRecord, read_studies
from latticework.untrusted import read_json, schema


@dataclass(frozen=True)
class Results:
    """Whatever lies under `results/`.

    Args:
        runs: `results/runs`, by recipe name.
        studies: `results/studies`, by study name.
        benchmarks: `results/benchmarks`, by file name; what the benchmark scripts wrote.
    """

    runs: Mapping[str, RunResult]
    studies: Mapping[str, StudyRecord]
    benchmarks: Mapping[str, Any]


def read_results(root: Path) -> Results:
    """All raw results under `root`.

    Raises:
        ValueError: a file is damaged or of another version.
    """
    return Results(read_runs(root), read_studies(root), _read_benchmarks(root))


def _read_benchmarks(root: Path) -> dict[str, Any]:
    found = {}
    for path in sorted((root / "results" / "benchmarks").glob("*.json")):
        advice = f"run benchmarks/{path.stem}.py again"
        found[path.stem] = read_json(path, schema.mapping(schema.anything), advice=advice)
    return found
