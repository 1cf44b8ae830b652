"""Five epochs of 6,000 images in float32: the published program's own run, epoch by epoch."""

import tempfile
from collections.abc import Iterator

import numpy as np

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
    """Training curves and parameters of both rules; needs MNIST, touches no network."""
    task = RowImage(fallback=False)
    folder = None if context.data_dir is None else str(context.data_dir)
    try:
        dataset = task.load(DataSource(folder, offline=True))
    except NoDataError as error:
        raise SkippedCaseError(f"it trains on MNIST, which is not here: {error}") from error
    for prefix, rule in (("snap", HopTrace(hops=1)), ("bptt", Bptt())):
        after = _train(LeakyLearner(grid(), rule), dataset, task)
        lines = after[-1].metrics
        curves = {
            "train_loss": ([line["train_loss"] for line in lines], LOSS_TOLERANCE),
            "train_acc": ([line["train_accuracy"] for line in lines], ACCURACY_TOLERANCE),
            "val_acc": ([line["test_accuracy"] for line in lines], ACCURACY_TOLERANCE),
            "test_acc": ([_test_accuracy(result) for result in after], ACCURACY_TOLERANCE),
        }
        for name, (got, tolerance) in curves.items():
            stored = golden.array(f"{prefix}_{name}", (EPOCHS,))
            yield compare_absolute(f"{prefix}_{name}", got, stored, tolerance)
        for group in GROUPS:
            stored = golden.array(f"{prefix}_{group}")
            got = np.stack([published_group(result.params, group)[0] for result in after])
            yield compare_absolute(f"{prefix}_{group}", got, stored, PARAMETER_TOLERANCE)


def _train(learner: LeakyLearner, dataset: Dataset, task: RowImage) -> list[TrainResult]:
    """The result after each epoch: a run of one epoch, then resumed for one more, and so on."""
    with tempfile.TemporaryDirectory() as folder:
        return [
            train(
                learner,
                dataset,
                task.encode,
                TrainingConfig(epochs=epochs, train_size=NUM_IMAGES, eval_subset=SUBSET),
                OptimiserConfig(),
                [0],
                run_dir=folder,
                resume=epochs > 1,
            )
            for epochs in range(1, EPOCHS + 1)
        ]


def _test_accuracy(result: TrainResult) -> float:
    """On all test images; not a number when the run ended early."""
    return float("nan") if result.test_accuracy is None else float(result.test_accuracy[0])
