"""The run folder: what was asked, what happened in each epoch, and what came out."""

import contextlib
import dataclasses
import functools
import json
import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

from latticework.core.checks import require
from latticework.train import checkpoint
from latticework.train.files import (
    append_line,
    make_folder,
    make_new_folder,
    plain,
    write_atomically,
    write_json,
)
from latticework.train.fingerprint import first_difference
from latticework.train.identity import (
    check_identity,
    identity_of,
    marked,
    new_identity,
    unmarked,
)
from latticework.train.lock import hold
from latticework.train.scores import named, unnamed
from latticework.train.stored import EPOCH, RESULT
from latticework.untrusted import read_json, read_json_lines, schema

POSITION_FIELDS = ("epoch", "step", "learned", "is_read")
"""What says in a checkpoint how far a run has come; a run in stages has the last two."""

RUNS = Path("runs")
"""Where runs are kept that were not given a folder."""


@contextlib.contextmanager
def run_folder(named: Path | None, name: str, *, writes: bool = True) -> Iterator[Path]:
    """`named`, or else the new folder `runs/NAME-DATE-TIME`, numbered in the same second.

    A new folder in which nothing came to lie is removed at the end of the block. A process that
    does not write makes none.

    Raises:
        OSError: one sentence.
    """
    if named is not None or not writes:
        yield named or RUNS / name
        return
    made = make_new_folder(RUNS / f"{name}-{time.strftime('%Y%m%d-%H%M%S')}")
    try:
        yield made
    finally:
        with contextlib.suppress(OSError):
            made.rmdir()  # refused where there is something


@dataclasses.dataclass(frozen=True)
class RunFolder:
    """Paths and files of one run.

    recipe.json is what was asked, metrics.jsonl has a line per epoch, checkpoint.safetensors is
    the latest state, result.json what came out. All of them carry the identity of the run.

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

    @functools.cached_property
    def identity(self) -> str | None:
        """What tells the run from all others; None for an older run, which has no such name."""
        return identity_of(self._stored()) if self.recipe.is_file() else None

    @contextlib.contextmanager
    def held(self, *, resume: bool) -> Iterator[None]:
        """Within it nobody else writes the folder, which is made if need be.

        Raises:
            ValueError: another process writes it, or there is nothing to resume.
            OSError: it cannot be written.
        """
        if resume:
            self.read_recipe()
        if not self.writes:
            yield
            return
        with hold(self.path):
            yield

    @contextlib.contextmanager
    def begun(
        self, recipe: Any, restore: Callable[[], tuple[str, ...]] | None
    ) -> Iterator[tuple[str, ...]]:
        """Within it the folder is that of this run alone; yields what changed since it was left.

        Args:
            recipe: what is asked.
            restore: takes up the run that the folder holds; None for a fresh one.
        """
        with self.held(resume=restore is not None):
            if restore is None:
                self.begin(recipe, resume=False)
                yield ()
            else:
                yield self.take_up(recipe, restore)

    def begin(self, recipe: Any, *, resume: bool) -> None:
        """Write the recipe of a fresh run, or see that a run goes on; call it within `held`.

        Raises:
            ValueError: a fresh run would overwrite another, there is nothing to resume, or the
                recipe is not the one that was begun.
            OSError: the folder cannot be written.
        """
        if resume:
            difference = first_difference(self.read_recipe(), _asked(plain(recipe)))
            if difference:
                raise ValueError(
                    f"{self.path} was begun with another recipe: {difference}; resume it "
                    "unchanged or start a new run in another folder"
                )
            return
        if not self.writes:
            return
        files = (self.recipe, self.checkpoint, self.metrics, self.result)
        if any(file.exists() for file in files):
            raise ValueError(f"{self.path} already holds a run; resume it or choose another folder")
        make_folder(self.path)
        write_json(self.recipe, marked(_asked(recipe), new_identity()))

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
            write_json(self.recipe, marked(_asked(recipe), self.identity))

    def read_recipe(self) -> Any:
        """The recipe as JSON.

        Raises:
            ValueError: the folder is not that of a run, or the file is damaged.
        """
        return _asked(self._stored())

    def _stored(self) -> Any:
        """What recipe.json holds."""
        if not self.recipe.is_file():
            raise ValueError(
                f"{self.path} is not the folder of a run: it has no recipe.json; name a folder "
                "that a training run has written"
            )
        return read_json(self.recipe, advice="restore it or start a new run")

    def save(self, state: Any, meta: Mapping[str, Any]) -> None:
        """Write a checkpoint: a tree of arrays and JSON-able facts."""
        if self.writes:
            checkpoint.save(self.checkpoint, state, marked(meta, self.identity))

    def read_checkpoint_meta(self, check: schema.Check = schema.anything) -> dict[str, Any]:
        """The metadata of the checkpoint, of which `check` is demanded, without its arrays.

        Raises:
            ValueError: it is damaged, or belongs to another run.
            OSError: it cannot be read.
        """
        meta = checkpoint.read_meta(self.checkpoint, check)
        check_identity(self.checkpoint, meta, self.identity, self.recipe)
        return meta

    def write_result(self, result: Mapping[str, Any]) -> None:
        """Write what came out, atomically."""
        if self.writes:
            position = position_of(checkpoint.read_meta(self.checkpoint))
            write_json(self.result, marked({**result, "position": position}, self.identity))

    def read_result(self) -> dict[str, Any] | None:
        """What came out, None while the run has not ended.

        Raises:
            ValueError: the file is damaged, or belongs to another run.
        """
        if not self.result.is_file():
            return None
        advice = "restore it, or delete it to do without"
        result = read_json(self.result, RESULT, advice=advice)
        check_identity(self.result, result, self.identity, self.recipe)
        difference = first_difference(result.get("recipe"), self.read_recipe())
        require(
            difference is None or result.get("recipe") is None,
            f"{self.result} is of another run than the recipe beside it: {difference}; {advice}",
        )
        return unnamed(result)

    def append_metrics(self, line: Mapping[str, Any]) -> None:
        """Add the record of one epoch."""
        if self.writes:
            append_line(self.metrics, json.dumps(plain(marked(named(line), self.identity))))

    def read_metrics(self) -> list[dict[str, Any]]:
        """The records of all finished epochs; a last line that was cut off is left out.

        Raises:
            ValueError: a line before the last is damaged, or not the record of an epoch, or belongs
                to another run.
        """
        if not self.metrics.is_file():
            return []
        advice = "restore it or start a new run"
        lines = read_json_lines(self.metrics, EPOCH, advice=advice)
        records = [unnamed(line) for line in lines]
        lengths = {
            len(values) for record in records for values in record.get("per_seed", {}).values()
        }
        require(
            len(lengths) <= 1,
            f"{self.metrics} is damaged (its records are of {sorted(lengths)[:9]} seeds); {advice}",
        )
        for record in records:
            check_identity(self.metrics, record, self.identity, self.recipe)
        return records

    def keep_metrics_before(self, epoch: int) -> list[dict[str, Any]]:
        """Drop the records from `epoch` on, which a resumed run will write again.

        Errors as in `read_metrics`.
        """
        kept = [line for line in self.read_metrics() if line["epoch"] < epoch]
        if self.writes:
            text = "".join(json.dumps(named(line)) + "\n" for line in kept)
            write_atomically(self.metrics, text.encode())
        return [unmarked(line) for line in kept]


def _asked(recipe: Any) -> dict[str, Any]:
    """What was asked without the identity; always an object, so that there is room for one."""
    return unmarked(recipe) if isinstance(recipe, Mapping) else {"recipe": recipe}


def position_of(meta: Mapping[str, Any]) -> dict[str, Any]:
    """How far a run has come, from the metadata of its checkpoint."""
    return {name: meta[name] for name in POSITION_FIELDS if name in meta}
