"""Run a recipe, and open the folder of a run again."""

import dataclasses
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, Generic, TypeVar

import jax
import numpy as np
from jaxtyping import Array

from latticework.core.checks import require
from latticework.core.learner import Params
from latticework.core.seeds import check_seeds
from latticework.core.task import Dataset
from latticework.recipes.base import AbstractRecipe
from latticework.recipes.comparison import compared
from latticework.recipes.serial import SCHEMA, check_schema, from_json, to_json
from latticework.tasks import DataSource, resolve
from latticework.train import AbstractProgress, RunFolder, TrainResult, load_checkpoint
from latticework.train.fingerprint import check_made_by
from latticework.train.record import position_of
from latticework.train.stored import MADE_BY
from latticework.untrusted import schema

_STORED = schema.record(
    {
        "recipe": schema.mapping(schema.anything),
        "seeds": schema.items(schema.whole(0), least=1),
    }
)

RecipeT = TypeVar("RecipeT", bound=AbstractRecipe)


@dataclass(frozen=True)
class Prepared(Generic[RecipeT]):
    """A recipe whose data are at hand.

    Args:
        recipe: with the task that is really run.
        dataset: the examples.
    """

    recipe: RecipeT
    dataset: Dataset


def prepare(recipe: RecipeT, source: DataSource, *, strict: bool = False) -> Prepared[RecipeT]:
    """Check a recipe and load its data.

    Where the embedded digits stand in for MNIST, `dataset.notice` says so, and measurements on a
    subset larger than their test set become measurements on all of it. What was published for the
    recipe stays with it only where nothing that decides numbers was changed.

    Args:
        recipe: what to run.
        source: where to look for its data.
        strict: whether nothing may take the place of the data that the recipe names.

    Raises:
        ValueError: the pieces do not fit, or the data cannot be had or are damaged.
        OSError: a file cannot be read.
    """
    recipe.check()
    task, dataset = resolve(recipe.task, source, strict=strict)
    recipe = dataclasses.replace(recipe, task=task)
    return Prepared(compared(recipe.within(dataset) if dataset.notice else recipe), dataset)


def run(
    prepared: Prepared,
    seeds: Sequence[int],
    *,
    run_dir: Path | None = None,
    resume: bool = False,
    progress: AbstractProgress | None = None,
    devices: int = 1,
    new_kernel: bool = False,
) -> TrainResult:
    """Train a prepared recipe; errors as in `train.train`."""
    recipe = prepared.recipe
    stored = {
        "recipe": {"schema": SCHEMA, "recipe": to_json(recipe), "seeds": list(seeds)},
        "published": to_json(recipe.published),
    }
    return recipe.fit(
        prepared.dataset, seeds, stored, run_dir, resume, progress, devices, new_kernel
    )


@dataclass(frozen=True)
class OpenRun:
    """A run read back from its folder.

    Args:
        folder: where it lies.
        recipe: what was run.
        seeds: the seeds.
        params: the latest parameters, each leaf with a leading seed axis.
        epochs: how many are finished.
        records: of these epochs, as in metrics.jsonl.
        result: what came out at the end, as in result.json; None when the run has not ended since.
        is_outdated: whether there is a result, but an older one than the parameters.
    """

    folder: RunFolder
    recipe: AbstractRecipe
    seeds: tuple[int, ...]
    params: Params
    epochs: int = 0
    records: tuple[Mapping[str, Any], ...] = ()
    result: Mapping[str, Any] | None = None
    is_outdated: bool = False

    def params_of(self, seed: int) -> Any:
        """The parameters of one seed, without the seed axis.

        Raises:
            ValueError: the seed was not run.
        """
        if seed not in self.seeds:
            raise ValueError(f"seed {seed} was not run; this run has {list(self.seeds)}")
        at = self.seeds.index(seed)
        return jax.tree.map(lambda leaf: np.asarray(leaf[at]), self.params)

    def scores(self, raw: Array | np.ndarray) -> Array:
        """Class scores of raw examples, `[seed, example, class]`."""
        return self._scores(self.params, raw)

    @cached_property
    def _scores(self) -> Callable[[Params, Array | np.ndarray], Array]:
        """Compiled once for each shape of raw examples."""
        learner, encode = self.recipe.learner(), self.recipe.task.encode
        return jax.jit(lambda params, raw: learner.scores(params, encode(raw)))


def read_recipe(run_dir: Path) -> tuple[AbstractRecipe, tuple[int, ...]]:
    """The recipe and the seeds that a run folder was begun with.

    Raises:
        ValueError: it is not the folder of a run, or the recipe is damaged.
    """
    folder = RunFolder(run_dir)
    stored = folder.read_recipe()
    try:
        _STORED(stored, "")
        check_schema(stored)
        recipe, seeds = from_json(stored["recipe"]), check_seeds(stored["seeds"])
        require(isinstance(recipe, AbstractRecipe), "it is a part of a recipe")
    except ValueError as error:
        raise ValueError(
            f"{folder.recipe} is not a recipe of this version ({error}); run it again"
        ) from error
    return compared(recipe), seeds


def open_run(run_dir: Path) -> OpenRun:
    """Read a run back; the one way to what a run has left.

    Raises:
        ValueError: it is not the folder of a run, its files are damaged, or they are of different
            runs.
        OSError: it cannot be read.
    """
    recipe, seeds = read_recipe(run_dir)
    folder = RunFolder(run_dir)
    meta = folder.read_checkpoint_meta(MADE_BY)
    check_made_by(folder.checkpoint, meta["fingerprint"], _facts(folder, recipe, seeds))
    learner = recipe.learner()
    like = jax.eval_shape(lambda: learner.init(seeds))
    state, _ = load_checkpoint(folder.checkpoint, {"params": like}, partial=True)
    epochs = meta.get("epoch", int(meta.get("is_read", False)))
    records = tuple(line for line in folder.read_metrics() if line["epoch"] < epochs)
    result = folder.read_result()
    is_current = result is not None and _is_of(result, meta)
    return OpenRun(
        *(folder, recipe, seeds, state["params"], epochs, records),
        result=result if is_current else None,
        is_outdated=result is not None and not is_current,
    )


def _facts(folder: RunFolder, recipe: AbstractRecipe, seeds: Sequence[int]) -> dict[str, Any]:
    """What a fingerprint says that can be had without the data."""
    parts = {name: getattr(recipe, name, None) for name in ("training", "optimiser", "protocol")}
    return {
        "recipe": folder.read_recipe(),
        "seeds": seeds,
        **{name: asdict(part) for name, part in parts.items() if part is not None},
    }


def _is_of(result: Mapping[str, Any], meta: Mapping[str, Any]) -> bool:
    """Whether a result was written at the position of a checkpoint."""
    position = position_of(meta)
    # A result of an earlier version does not say more than its epochs.
    known = result.get("position", {"epoch": result.get("epochs")})
    return all(position[name] == known[name] for name in position if name in known)
