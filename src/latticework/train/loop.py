"""The training loop, written once for every family."""

import contextlib
import dataclasses
import functools
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from latticework.core.learner import AbstractLearner
from latticework.core.precision import whole_products
from latticework.core.seeds import check_seeds, own_draws
from latticework.core.task import Dataset
from latticework.train.config import TrainingConfig
from latticework.train.learned_data import begun, data_facts
from latticework.train.optimisers import OptimiserConfig
from latticework.train.parallel import Team
from latticework.train.progress import AbstractProgress, SilentProgress
from latticework.train.record import RunFolder
from latticework.train.reported import ReportedProgress
from latticework.train.results import TrainResult
from latticework.train.run import Run
from latticework.train.run_setup import Setup
from latticework.train.steps import Encode


@own_draws()
@whole_products()
def train(
    learner: AbstractLearner,
    dataset: Dataset,
    encode: Encode,
    config: TrainingConfig,
    optimiser: OptimiserConfig,
    seeds: Sequence[int],
    *,
    run_dir: Path | str | None = None,
    recipe: Any = None,
    published: Any = None,
    resume: bool = False,
    new_kernel: bool = False,
    progress: AbstractProgress | None = None,
    devices: int = 1,
) -> TrainResult:
    """Train a learner on a data set, all seeds side by side.

    With the same versions on the same machine a run is bit-identical when repeated, however it is
    cut into chunks, and however often it was interrupted or killed and resumed. A seed whose loss
    or parameters stop being finite keeps what it had before that step; when no seed is left, the
    run stops. Ctrl-C saves and returns.

    With several devices, or in several processes that `train.Launch` has brought together, every
    batch is shared out; see `train.parallel.Team`. All processes must call this with the same
    arguments; process 0 alone writes and shows things, and the others must see its `run_dir` to
    resume. A run may be resumed on another number of devices, which changes rounding.

    Args:
        learner: the network and its rule.
        dataset: raw examples.
        encode: raw inputs to what the learner takes; pure.
        config: length, batches and measurements.
        optimiser: how the rule's direction becomes a step.
        seeds: one number per seed, 0 to 2^32 - 1; decides initial values, order of examples and
            noise.
        run_dir: where to keep the record and the checkpoint; None keeps nothing.
        recipe: JSON-able description of the run, for recipe.json and result.json.
        published: JSON-able published numbers, for result.json.
        resume: go on from what `run_dir` holds.
        new_kernel: resume with another code path than the run was begun with. It rounds otherwise,
            so the run is no longer what it would have been, and its record says so.
        progress: the display; None shows nothing.
        devices: how many devices of each process share every batch.

    Returns:
        The outcome, the last good parameters and all measurements.

    Raises:
        ValueError: the arguments do not fit each other, `run_dir` already holds a run (or, to
            resume, holds none or another), or its checkpoint is damaged.
        OSError: `run_dir` cannot be written; what was saved before is intact.
    """
    started = time.perf_counter()
    dataset.check_classes(learner.num_classes)
    config.check_fits(dataset)
    seeds = check_seeds(seeds)
    team = Team.of(devices)
    folder = None if run_dir is None else RunFolder(Path(run_dir), writes=team.leads)
    if resume and folder is None:
        raise ValueError("there is nothing to resume without a run folder; give run_dir")
    setup = Setup.build(learner, dataset, encode, config, optimiser, seeds, team, recipe)
    run = Run.begin(setup, folder, started)
    display = progress if progress is not None and team.leads else SilentProgress()
    shown = ReportedProgress(display, run_dir)
    with contextlib.ExitStack() as held:
        with team.together():
            if folder is not None:
                restore = functools.partial(run.restore, folder, new_kernel=new_kernel)
                changes = begun(folder, recipe, dataset, restore if resume else None)
                shown.notes(held.enter_context(changes))
        facts = {"data": data_facts(dataset), "score_name": learner.score_name}
        result = dataclasses.replace(run.go(shown), **facts)
        if folder is not None:
            folder.write_result(result.record(recipe, published))
    return result
