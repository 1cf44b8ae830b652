"""Five epochs of 6,000 images in float32: the published program's own run, epoch by epoch."""

import math
from collections.abc import Iterator

from latticework.core.task import Dataset
from latticework.models import LeakyLearner, grid
from latticework.rules import Bptt, HopTrace
from latticework.tasks import DataSource, NoDataError, RowImage
from latticework.train import OptimiserConfig, TrainingConfig, TrainResult, train
from latticework.verify.archive import Archive
from latticework.verify.families import Context
from latticework.verify.grid.parameters import GROUPS, published_group
from latticework.verify.outcomes import Check, SkippedCaseError, compare_absolute

NUM_IMAGES, EPOCHS, SUBSET = 6000, 5, 2000
LOSS_TOLERANCE = 1e-4
"""To four digits of the loss, says the README of the golden files."""
PARAMETER_TOLERANCE = 5e-4
ACCURACY_TOLERANCE = 1e-3
"""Two of 2,000 images: an image on the border between two classes may fall either way."""


def replay_run6k(golden: Archive, context: Context) -> Iterator[Check]:
    """Training curves and final parameters of both rules; needs MNIST, touches no network."""
    task = RowImage(fallback=False)
    folder = None if context.data_dir is None else str(context.data_dir)
    try:
        dataset = task.load(DataSource(folder, offline=True))
    except NoDataError as error:
        raise SkippedCaseError(f"it trains on MNIST, which is not here: {error}") from error
    for prefix, rule in (("snap", HopTrace(hops=1)), ("bptt", Bptt())):
        result = _train(LeakyLearner(grid(), rule), dataset, task)
        for ours, theirs, tolerance in (
            ("train_loss", "train_loss", LOSS_TOLERANCE),
            ("train_accuracy", "train_acc", ACCURACY_TOLERANCE),
            ("test_accuracy", "val_acc", ACCURACY_TOLERANCE),
        ):
            got = [line[ours] for line in result.metrics]
            name = f"{prefix}_{theirs}"
            yield compare_absolute(name, got, golden.array(name), tolerance)
        final = golden.array(f"{prefix}_test_acc")[-1:]
        measured = [math.nan] if result.test_accuracy is None else result.test_accuracy
        yield compare_absolute(f"{prefix}_test_acc", measured, final, ACCURACY_TOLERANCE)
        for group in GROUPS:
            stored = golden.array(f"{prefix}_{group}")[-1]
            got = published_group(result.params, group)[0]
            yield compare_absolute(f"{prefix}_{group}", got, stored, PARAMETER_TOLERANCE)


def _train(learner: LeakyLearner, dataset: Dataset, task: RowImage) -> TrainResult:
    config = TrainingConfig(epochs=EPOCHS, train_size=NUM_IMAGES, eval_subset=SUBSET)
    return train(learner, dataset, task.encode, config, OptimiserConfig(), [0])
