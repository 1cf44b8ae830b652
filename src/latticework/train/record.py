"""The run folder: what was asked, what happened in each epoch, and what came out."""

import dataclasses
import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from latticework.core.checks import require
from latticework.train.files import append_line, make_folder, plain, write_atomically, write_json
from latticework.train.fingerprint import first_difference
from latticework.train.stored import EPOCH, RESULT
from latticework.untrusted import read_json, read_json_lines


@dataclasses.dataclass(frozen=True)
class RunFolder:
    """Paths and files of one run.

    recipe.json is what was asked, metrics.jsonl has a line per epoch, checkpoint.safetensors is
    the latest state, result.json what came out.

    Args:
        path: the folder.
        writes: False for a process that reads what another one writes: what would change the folder
            then does nothing.
    """

    path: Path
    writes: bool = True

    @property
    def recipe(self) -> Path:
        """What was asked."""
        return self.path / "recipe.json"

    @property
    def metrics(self) -> Path:
        """One JSON object per finished epoch."""
        return self.path / "metrics.jsonl"

    @property
    def checkpoint(self) -> Path:
        """The latest state."""
        return self.path / "checkpoint.safetensors"

    @property
    def result(self) -> Path:
        """What came out."""
        return self.path / "result.json"

    def begin(self, recipe: Any, *, resume: bool) -> None:
        """Make the folder of a fresh run ready and write the recipe; or see that a run goes on.

        Raises:
            ValueError: a fresh run would overwrite another, there is nothing to resume, or the
                recipe is not the one that was begun.
            OSError: the folder cannot be written.
        """
        if resume:
            difference = first_difference(self.read_recipe(), plain(recipe))
            if difference:
                raise ValueError(
                    f"{self.path} was begun with another recipe: {difference}; resume it "
                    "unchanged or start a new run in another folder"
                )
            return
        if self.writes and (self.recipe.exists() or self.checkpoint.exists()):
            raise ValueError(f"{self.path} already holds a run; resume it or choose another folder")
        if self.writes:
            make_folder(self.path)
        self.write_recipe(recipe)

    def take_up(self, recipe: Any, restore: Callable[[], tuple[str, ...]]) -> tuple[str, ...]:
        """Go on with the run; `restore` reads its checkpoint and returns what changed.

        Without a checkpoint it begins again. The recipe is written when all else is well.
        """
        self.begin(recipe, resume=True)
        changed: tuple[str, ...] = ()
        if self.checkpoint.exists():
            changed = restore()
        else:
            self.keep_metrics_before(0)
        self.write_recipe(recipe)
        return changed

    def write_recipe(self, recipe: Any) -> None:
        """Write what was asked, atomically; where a run goes on, what may change has its say."""
        if self.writes:
            write_json(self.recipe, recipe)

    def read_recipe(self) -> Any:
        """The recipe as JSON.

        Raises:
            ValueError: the folder is not that of a run, or the file is damaged.
        """
        if not self.recipe.is_file():
            raise ValueError(
                f"{self.path} is not the folder of a run: it has no recipe.json; name a folder "
                "that a training run has written"
            )
        return read_json(self.recipe, advice="restore it or start a new run")

    def write_result(self, result: Mapping[str, Any]) -> None:
        """Write what came out, atomically."""
        if self.writes:
            write_json(self.result, result)

    def read_result(self) -> dict[str, Any] | None:
        """What came out, None while the run has not ended.

        Raises:
            ValueError: the file is damaged.
        """
        if not self.result.is_file():
            return None
        return read_json(self.result, RESULT, advice="restore it, or delete it to do without")

    def append_metrics(self, line: Mapping[str, Any]) -> None:
        """Add the record of one epoch."""
        if self.writes:
            append_line(self.metrics, json.dumps(plain(line)))

    def read_metrics(self) -> list[dict[str, Any]]:
        """The records of all finished epochs; a last line that was cut off is left out.

        Raises:
            ValueError: a line before the last is damaged, or not the record of an epoch.
        """
        if not self.metrics.is_file():
            return []
        advice = "restore it or start a new run"
        records = read_json_lines(self.metrics, EPOCH, advice=advice)
        lengths = {
            len(values) for record in records for values in record.get("per_seed", {}).values()
        }
        require(
            len(lengths) <= 1,
            f"{self.metrics} is damaged (its records are of {sorted(lengths)[:9]} seeds); {advice}",
        )
        return records

    def keep_metrics_before(self, epoch: int) -> list[dict[str, Any]]:
        """Drop the records from `epoch` on, which a resumed run will write again."""
        kept = [line for line in self.read_metrics() if line["epoch"] < epoch]
        if self.writes:
            text = "".join(json.dumps(line) + "\n" for line in kept)
            write_atomically(self.metrics, text.encode())
        return kept
