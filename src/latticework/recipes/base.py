"""What a recipe is: one experiment, complete, in plain numbers."""

import abc
import dataclasses
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

import jax
import numpy as np

from latticework.core.fixed import Fixed
from latticework.core.learner import AbstractLearner
from latticework.core.task import AbstractTask, Dataset
from latticework.core.words import plural
from latticework.tasks import RowImage
from latticework.train import (
    AbstractProgress,
    OptimiserConfig,
    TrainingConfig,
    TrainResult,
    train,
)

RecipeT = TypeVar("RecipeT", bound="AbstractRecipe")
TrainedT = TypeVar("TrainedT", bound="AbstractTrainedRecipe")


@dataclass(frozen=True)
class Published:
    """What was published for an experiment.

    Args:
        test_accuracy: the headline, in 0..1; None when nothing was published.
        epochs: of the headline; None where it was not trained on this schedule.
        by_epoch: test accuracy after each epoch, where it was published.
        checked: mean and standard deviation over seeds of a checked re-simulation of the
            published program, which has one seed; None when there is none.
        note: what a reader must know to compare.
    """

    test_accuracy: float | None = None
    epochs: int | None = None
    by_epoch: tuple[float, ...] = ()
    checked: tuple[float, float] | None = None
    note: str = ""

    @property
    def text(self) -> str:
        """The number to print, or a dash."""
        return "-" if self.test_accuracy is None else f"{self.test_accuracy:.3f}"

    @property
    def points(self) -> list[tuple[int, float]]:
        """What a learning curve is to be compared with: (epochs of training, test accuracy)."""
        if self.epochs is None or self.test_accuracy is None:
            return [(epoch + 1, value) for epoch, value in enumerate(self.by_epoch)]
        return [(self.epochs, self.test_accuracy)]


@dataclass(frozen=True)
class AbstractRecipe(abc.ABC):
    """One experiment: a network with a rule, a task and how to train.

    Each family has a recipe of its own, a dataclass that adds the family's parts to these fields.
    Fields marked `Fixed` describe the experiment; the command line overrides the others.

    Args:
        name: what the command line calls it.
        summary: one sentence.
        source: where it comes from.
        published: what was published for it.
        task: the data and how they become inputs.
    """

    name: Fixed[str]
    summary: Fixed[str]
    source: Fixed[str]
    published: Fixed[Published] = field(default_factory=Published)
    task: AbstractTask = field(default_factory=RowImage)

    @abc.abstractmethod
    def learner(self) -> AbstractLearner:
        """The network with its rule.

        Raises:
            ValueError: when the pieces do not fit each other.
        """

    @abc.abstractmethod
    def check(self) -> None:
        """Raise ValueError when the task does not fit the network, or the rule does not."""

    @abc.abstractmethod
    def fit(
        self,
        dataset: Dataset,
        seeds: Sequence[int],
        stored: Mapping[str, Any],
        run_dir: Path | None = None,
        resume: bool = False,
        progress: AbstractProgress | None = None,
        devices: int = 1,
        new_kernel: bool = False,
    ) -> TrainResult:
        """Train; errors as in `train.train`.

        Args:
            dataset: the examples.
            seeds: one number per seed.
            stored: what goes into the run folder: `recipe` and `published`.
            run_dir, resume, progress, devices, new_kernel: see `train.train`.
        """

    @abc.abstractmethod
    def plan_text(self, dataset: Dataset) -> str:
        """What is about to be done, in words."""

    @abc.abstractmethod
    def within(self: RecipeT, dataset: Dataset) -> RecipeT:
        """The same recipe for another data set, which may have fewer examples."""

    @property
    @abc.abstractmethod
    def eval_batch(self) -> int:
        """Examples that are scored at once."""

    def details(self) -> tuple[str, ...]:
        """Lines that describe the network beside the number of its cells and parameters."""
        return ()

    def tested_text(self, dataset: Dataset) -> str:
        """What accuracy is measured on, in words."""
        is_image = dataset.test_inputs.dtype == np.uint8
        return f"all {len(dataset.test_targets):,} {'images' if is_image else 'sequences'}"

    @property
    @abc.abstractmethod
    def num_cells(self) -> int:
        """Number of cells of the network."""

    @property
    def parameters(self) -> dict[str, int]:
        """Learnable scalars of each parameter group, the last word of its path being its name."""
        return count_parameters(self.learner())

    @property
    def num_parameters(self) -> int:
        """Learnable scalars in all."""
        return sum(self.parameters.values())


@dataclass(frozen=True)
class AbstractTrainedRecipe(AbstractRecipe):
    """An experiment that is trained in epochs, by steps along a direction.

    Args:
        optimiser: how a direction becomes a step.
        training: epochs, batches, measurements.
    """

    optimiser: OptimiserConfig = field(default_factory=OptimiserConfig)
    training: TrainingConfig = field(default_factory=TrainingConfig)

    def fit(
        self,
        dataset: Dataset,
        seeds: Sequence[int],
        stored: Mapping[str, Any],
        run_dir: Path | None = None,
        resume: bool = False,
        progress: AbstractProgress | None = None,
        devices: int = 1,
        new_kernel: bool = False,
    ) -> TrainResult:
        """Train; see the base."""
        return train(
            self.learner(),
            dataset,
            self.task.encode,
            self.training,
            self.optimiser,
            seeds,
            run_dir=run_dir,
            resume=resume,
            progress=progress,
            devices=devices,
            new_kernel=new_kernel,
            **stored,
        )

    def plan_text(self, dataset: Dataset) -> str:
        """What is about to be done, in words."""
        training = self.training
        return (
            f"{training.num_examples(dataset):,} training examples of {dataset.name}, "
            f"{len(dataset.test_targets):,} to test on; {plural(training.epochs, 'epoch')} in "
            f"batches of {training.batch_size}"
        )

    def within(self: TrainedT, dataset: Dataset) -> TrainedT:
        """The same recipe for another data set, which may have fewer examples."""
        del dataset
        training = dataclasses.replace(self.training, eval_subset=None, train_size=None)
        return dataclasses.replace(self, training=training)

    @property
    def eval_batch(self) -> int:
        """Examples that are scored at once."""
        return self.training.eval_batch


def count_parameters(learner: AbstractLearner, seeds: Sequence[int] = (0,)) -> dict[str, int]:
    """Scalars in each leaf of the parameters of one seed, by the leaf's path."""
    shapes = jax.eval_shape(lambda: learner.init(seeds))
    leaves, _ = jax.tree_util.tree_flatten_with_path(shapes)
    return {
        jax.tree_util.keystr(path, simple=True, separator="."): leaf.size // len(seeds)
        for path, leaf in leaves
    }
