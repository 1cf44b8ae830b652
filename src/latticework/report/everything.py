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
        gpu: `results/gpu`, by device; what benchmarks/gpu.py wrote.
    """

    runs: Mapping[str, RunResult]
    studies: Mapping[str, StudyRecord]
    benchmarks: Mapping[str, Any]
    gpu: Mapping[str, Any]


def read_results(root: Path) -> Results:
    """All raw results under `root`.

    Raises:
        ValueError: a file is damaged or of another version.
    """
    folder = root / "results"
    return Results(
        read_runs(root),
        read_studies(root),
        _read_benchmarks(folder / "benchmarks", "run benchmarks/{}.py again"),
        _read_benchmarks(folder / "gpu", "run benchmarks/gpu.py again on the device {}"),
    )


def _read_benchmarks(folder: Path, advice: str) -> dict[str, Any]:
    return {
        path.stem: read_json(path, schema.mapping(schema.anything), advice=advice.format(path.stem))
        for path in sorted(folder.glob("*.json"))
    }
