"""What a recipe is: one experiment, complete, in plain numbers."""

from dataclasses import dataclass, field

import jax.numpy as jnp
from tyro.conf import Suppress as Fixed

from latticework.cells import LeakyTanh
from latticework.core.cell import AbstractCell
from latticework.core.loss import LossMode, check_loss_mode
from latticework.core.network import Network
from latticework.core.readout import AbstractReadout
from latticework.core.rule import AbstractRule
from latticework.core.schedule import AbstractSchedule
from latticework.core.task import AbstractTask
from latticework.core.topology import AbstractTopology
from latticework.kernels import AUTO
from latticework.models import LeakyLearner
from latticework.readouts import PortSum
from latticework.rules import HopTrace
from latticework.schedules import Wavefront
from latticework.tasks import PixelImage, RowImage
from latticework.tasks.image_task import scale_pixels
from latticework.topologies import Grid
from latticework.train import OptimiserConfig, TrainingConfig


@dataclass(frozen=True)
class Published:
    """What was published for an experiment.

    Args:
        test_accuracy: the headline, in 0..1; None when nothing was published.
        by_epoch: test accuracy after each epoch, where it was published.
        checked: mean and standard deviation over seeds of a checked re-simulation of the
            published program, which has one seed; None when there is none.
        note: what a reader must know to compare.
    """

    test_accuracy: float | None = None
    by_epoch: tuple[float, ...] = ()
    checked: tuple[float, float] | None = None
    note: str = ""

    @property
    def text(self) -> str:
        """The number to print, or a dash."""
        return "-" if self.test_accuracy is None else f"{self.test_accuracy:.3f}"


@dataclass(frozen=True)
class Recipe:
    """One experiment: a network, a rule, a task and how to train.

    Fields marked `Fixed` describe the experiment; the command line overrides the others.

    Args:
        name: what the command line calls it.
        summary: one sentence.
        source: where it comes from.
        published: what was published for it.
        task: the data and how they become sequences.
        topology: who feeds whom.
        cell: what one cell computes.
        schedule: when cells are updated.
        readout: what is read where.
        rule: how parameters change.
        loss: "sum" or "per_t".
        optimiser: how a direction becomes a step.
        training: epochs, batches, measurements.
        kernel: the code path, "auto" for the fastest that applies.
    """

    name: Fixed[str]
    summary: Fixed[str]
    source: Fixed[str]
    published: Fixed[Published] = field(default_factory=Published)
    task: AbstractTask = field(default_factory=RowImage)
    topology: AbstractTopology = field(default_factory=Grid)
    cell: AbstractCell = field(default_factory=LeakyTanh)
    schedule: AbstractSchedule = field(default_factory=Wavefront)
    readout: AbstractReadout = field(default_factory=PortSum)
    rule: AbstractRule = field(default_factory=HopTrace)
    loss: LossMode = "sum"
    optimiser: OptimiserConfig = field(default_factory=OptimiserConfig)
    training: TrainingConfig = field(default_factory=TrainingConfig)
    kernel: str = AUTO

    def network(self) -> Network:
        """The network, without parameters."""
        return Network(self.cell, self.topology, self.schedule, self.readout)

    def learner(self) -> LeakyLearner:
        """The network with its rule.

        Raises:
            ValueError: when the pieces do not fit each other.
        """
        return LeakyLearner(
            self.network(), self.rule, self.loss, self.kernel, byte_values(self.task)
        )

    def check(self) -> None:
        """Raise ValueError when the task does not fit the topology, or the rule the network."""
        check_loss_mode(self.loss)
        wiring = self.topology.wiring
        kind = type(self.topology).__name__
        if wiring.num_channels != self.task.num_channels:
            raise ValueError(
                f"the task has {self.task.num_channels} channels, but this {kind} takes "
                f"{wiring.num_channels}; give the topology {self.task.num_channels} input "
                f"channels, or set --task.channels {wiring.num_channels} for a fixed random "
                "projection"
            )
        if wiring.num_classes != self.task.num_classes:
            raise ValueError(
                f"the task has {self.task.num_classes} classes, but this {kind} reads "
                f"{wiring.num_classes}; give the topology {self.task.num_classes} classes"
            )
        self.learner()


def byte_values(task: AbstractTask) -> tuple[float, ...] | None:
    """What each byte of an image means, where encoding is no more than that; else None."""
    if not isinstance(task, RowImage | PixelImage) or task.num_channels != task.pixels_per_step:
        return None
    return tuple(scale_pixels(jnp.arange(256, dtype=jnp.uint8), task.gain).tolist())
