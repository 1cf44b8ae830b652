"""Training within a study: the data are read once, and what is kept is the spread over seeds."""

import dataclasses
import functools
from collections.abc import Sequence

from latticework.core.interrupts import check
from latticework.core.seeds import seeds_from
from latticework.core.task import AbstractTask, Dataset
from latticework.recipes import AbstractRecipe, Prepared, run
from latticework.studies.study import Row
from latticework.tasks import DataSource, without_fallback
from latticework.train import Summary, TrainResult


def train_seeds(recipe: AbstractRecipe, seeds: int, source: DataSource) -> TrainResult:
    """Train seeds 0..seeds-1 side by side, with no fall-back to other data.

    Raises:
        ValueError: the pieces do not fit, or the data cannot be had.
        Interrupted: it was to stop; what was measured so far is no result.
    """
    strict = dataclasses.replace(recipe, task=without_fallback(recipe.task))
    strict.check()
    result = run(Prepared(strict, load_once(strict.task, source)), seeds_from(0, seeds))
    check()
    return result


@functools.lru_cache(maxsize=2)
def load_once(task: AbstractTask, source: DataSource) -> Dataset:
    """The data of a task; several points of a study share them."""
    return task.load(source)


def accuracies(result: TrainResult) -> Row:
    """What a study keeps of a run: accuracy per seed at the end, and of the last epoch's subset."""
    test = [] if result.test_accuracy is None else result.test_accuracy.tolist()
    last = result.metrics[-1]["per_seed"]["test_accuracy"] if result.metrics else []
    return {
        "test_accuracy": test,
        "last_epoch_accuracy": last,
        "outcome": result.outcome.value,
        "kernel": result.kernel,
        "images_per_second": result.images_per_second,
    }


def spread(values: Sequence[float]) -> str:
    """`mean ± sd` over seeds, or a dash."""
    if not values:
        return "-"
    summary = Summary.of(values)
    return f"{summary.mean:.3f}" if summary.sd is None else f"{summary.mean:.3f} ± {summary.sd:.3f}"
