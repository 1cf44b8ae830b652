"""Raw results: one JSON file per experiment under `results/runs`."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from latticework.core.checks import require
from latticework.recipes import AbstractRecipe, from_json, published_for, to_json
from latticework.recipes.base import Published
from latticework.recipes.serial import SCHEMA, check_schema
from latticework.train import Summary, TrainResult, write_json
from latticework.train.scores import named, unnamed
from latticework.train.stored import EPOCH, RESULT
from latticework.untrusted import file_name, read_json, schema

_STORED = schema.record(
    {"recipe": schema.mapping(schema.anything), "record": RESULT, "metrics": schema.items(EPOCH)}
)
_NEEDED = ("outcome", "summary", "seeds", "epochs", "kernel")


@dataclass(frozen=True)
class RunResult:
    """One experiment as it was run.

    Args:
        recipe: complete, with whatever was overridden.
        record: what came out, as in a run's result.json.
        metrics: one record per epoch, as in a run's metrics.jsonl.
    """

    recipe: AbstractRecipe
    record: Mapping[str, Any]
    metrics: tuple[Mapping[str, Any], ...]

    @property
    def num_seeds(self) -> int:
        """Number of seeds."""
        return len(self.record["seeds"])

    @property
    def published(self) -> Published:
        """What the catalogue says was published, whatever it said when the run was made."""
        return published_for(self.recipe)

    @property
    def is_cut_short(self) -> bool:
        """Whether the run was stopped before its end."""
        return self.record["outcome"] != "finished"

    @property
    def summary(self) -> Mapping[str, Any]:
        """Accuracy over seeds: at the end, or at the last measurement of a run cut short."""
        if self.record["summary"] is not None:
            return self.record["summary"]
        return asdict(Summary.of(self.metrics[-1]["per_seed"]["test_accuracy"]))


def result_path(root: Path, name: str) -> Path:
    """Where the raw result of `name` lies."""
    return root / "results" / "runs" / f"{file_name(name)}.json"


def save_result(root: Path, recipe: AbstractRecipe, result: TrainResult) -> Path:
    """Write the raw result of a finished run; overwrites an earlier one of the same name."""
    path = result_path(root, recipe.name)
    path.parent.mkdir(parents=True, exist_ok=True)
    stored = to_json(recipe)
    record = {k: v for k, v in result.record().items() if k not in ("recipe", "published")}
    metrics = list(map(named, result.metrics))
    write_json(path, {"schema": SCHEMA, "recipe": stored, "record": record, "metrics": metrics})
    return path


def read_runs(root: Path) -> dict[str, RunResult]:
    """All raw results of recipes under `root`, by recipe name.

    Raises:
        ValueError: a file is damaged or of another version.
    """
    found = {}
    for path in sorted((root / "results" / "runs").glob("*.json")):
        advice = f"run latticework reproduce {path.stem} again"
        raw = read_json(path, _STORED, advice=advice)
        try:
            check_schema(raw)
            recipe = from_json(raw["recipe"])
            require(isinstance(recipe, AbstractRecipe), "it is a part of a recipe")
            lacking = [name for name in _NEEDED if name not in raw["record"]]
            require(not lacking, f"its record lacks {', '.join(lacking)}")
            metrics = tuple(map(unnamed, raw["metrics"]))
            last = metrics[-1].get("per_seed", {}) if metrics else {}
            measured = last.get("test_accuracy") or [None]
            has_summary = raw["record"]["summary"] is not None
            require(has_summary or None not in measured, "there is no accuracy in it")
        except ValueError as error:
            raise ValueError(
                f"{path} is not a raw result of this version ({error}); {advice}"
            ) from error
        found[recipe.name] = RunResult(recipe, unnamed(raw["record"]), metrics)
    return found
