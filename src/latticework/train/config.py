"""What a training run is asked to do, in plain numbers."""

import dataclasses
import math

from latticework.core.checks import require
from latticework.core.task import Dataset


@dataclasses.dataclass(frozen=True)
class TrainingConfig:
    """Length, batches and measurements of a run.

    The last three fields say when the loop comes up for air; no result depends on them.

    Args:
        epochs: passes over the training set.
        batch_size: examples per step; a last, partial batch of an epoch is dropped.
        train_size: learn from the first so many training examples, None for all.
        eval_every: epochs between two measurements on the test set; the last epoch is always
            measured.
        eval_batch: test examples that are scored at once.
        eval_subset: per epoch, measure on so many test examples, drawn anew for each epoch but the
            same for all seeds (published: 2000); None for all. The final accuracy is always
            measured on all.
        checkpoint_every_s: seconds between two checkpoints inside an epoch.
        chunk_s: seconds between two looks at the clock, at Ctrl-C and at the display.
        chunk_steps: steps between two such looks, in place of `chunk_s`.

    Raises:
        ValueError: a value is out of range.
    """

    epochs: int = 10
    batch_size: int = 32
    train_size: int | None = None
    eval_every: int = 1
    eval_batch: int = 1000
    eval_subset: int | None = None
    checkpoint_every_s: float = 30.0
    chunk_s: float = 1.0
    chunk_steps: int | None = None

    def __post_init__(self) -> None:
        for field in dataclasses.fields(self):
            value = getattr(self, field.name)
            if field.name == "checkpoint_every_s":
                require(
                    value >= 0 and not math.isnan(value),
                    f"checkpoint_every_s is {value}, expected 0 or more seconds",
                )
            elif field.name == "chunk_s":
                require(
                    math.isfinite(value) and value > 0,
                    f"chunk_s is {value}, expected a positive number of seconds",
                )
            elif value is not None:
                require(value >= 1, f"{field.name} is {value}, expected a whole number from 1 up")

    def check_fits(self, dataset: Dataset) -> None:
        """Raise ValueError unless `dataset` is large enough for what is asked."""
        for field, part, have in (
            ("train_size", "training", len(dataset.train_targets)),
            ("eval_subset", "test", len(dataset.test_targets)),
        ):
            asked = getattr(self, field)
            require(
                asked is None or asked <= have,
                f"{field} is {asked}, but {dataset.name} has {have} {part} examples; ask for fewer",
            )
        size = self.num_examples(dataset)
        require(
            self.batch_size <= size,
            f"batch_size is {self.batch_size}, but there are only {size} training examples; "
            "use a smaller batch",
        )

    def num_examples(self, dataset: Dataset) -> int:
        """Training examples in use."""
        return self.train_size or len(dataset.train_targets)

    def steps_per_epoch(self, dataset: Dataset) -> int:
        """Whole batches in one epoch."""
        return self.num_examples(dataset) // self.batch_size


@dataclasses.dataclass(frozen=True)
class StagingConfig:
    """How a run in stages goes about it; what it learns from is its protocol's to say.

    Args:
        batch: examples that are shown or scored at once.
        checkpoint_every_s: seconds between two checkpoints.

    Raises:
        ValueError: a value is out of range.
    """

    batch: int = 250
    checkpoint_every_s: float = 30.0

    def __post_init__(self) -> None:
        require(self.batch >= 1, f"batch is {self.batch}, expected a whole number from 1 up")
        require(
            self.checkpoint_every_s >= 0 and not math.isnan(self.checkpoint_every_s),
            f"checkpoint_every_s is {self.checkpoint_every_s}, expected 0 or more seconds",
        )
