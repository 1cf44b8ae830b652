"""An experiment of the leaky family."""

from dataclasses import dataclass, field

import jax

from latticework.cells import LeakyTanh
from latticework.core.cell import AbstractCell
from latticework.core.loss import LossMode, check_loss_mode
from latticework.core.network import Network
from latticework.core.readout import AbstractReadout
from latticework.core.rule import AbstractRule
from latticework.core.schedule import AbstractSchedule
from latticework.core.seeds import key_of
from latticework.core.topology import AbstractTopology
from latticework.kernels import AUTO
from latticework.models import LeakyLearner, Mismatch
from latticework.readouts import PortSum
from latticework.recipes.base import AbstractRecipe, AbstractTrainedRecipe
from latticework.rules import HopTrace
from latticework.schedules import Wavefront
from latticework.tasks import AbstractImageTask
from latticework.topologies import Grid


@dataclass(frozen=True)
class LeakyRecipe(AbstractTrainedRecipe):
    """A network of leaky filters on sequences, with any rule that fits.

    Args:
        topology: who feeds whom.
        cell: what one cell computes.
        schedule: when cells are updated.
        readout: what is read where.
        rule: how parameters change.
        loss: "sum" or "per_t".
        kernel: the code path, "auto" for the fastest that applies.
        mismatch: fixed errors of the cells, which neither parameters nor rule know of.
    """

    topology: AbstractTopology = field(default_factory=Grid)
    cell: AbstractCell = field(default_factory=LeakyTanh)
    schedule: AbstractSchedule = field(default_factory=Wavefront)
    readout: AbstractReadout = field(default_factory=PortSum)
    rule: AbstractRule = field(default_factory=HopTrace)
    loss: LossMode = "sum"
    kernel: str = AUTO
    mismatch: Mismatch = field(default_factory=Mismatch)

    def network(self) -> Network:
        """The network, without parameters."""
        return Network(self.cell, self.topology, self.schedule, self.readout)

    def learner(self) -> LeakyLearner:
        """The network with its rule; errors as in the base."""
        return LeakyLearner(
            self.network(),
            self.rule,
            self.loss,
            self.kernel,
            self.task.byte_encoding() if isinstance(self.task, AbstractImageTask) else None,
            self.mismatch,
        )

    @property
    def num_cells(self) -> int:
        """Number of cells of the network."""
        return self.topology.wiring.num_cells

    @property
    def parameters(self) -> dict[str, int]:
        """Learnable scalars of each group; per-slot groups count slots that own a weight."""
        network = self.network()
        shapes = jax.eval_shape(lambda: network.init(key_of(0)))
        per_slot = int(network.wiring.has_weight.sum())
        return {
            name: per_slot if shapes[name].ndim == 2 else network.wiring.num_cells
            for name in network.cell.param_names
        }

    def check(self) -> None:
        """Raise ValueError when the task does not fit the topology, or the rule the network."""
        check_loss_mode(self.loss)
        wiring = self.topology.wiring
        kind = type(self.topology).__name__
        if wiring.num_channels != self.task.num_channels:
            either = (
                f", or set --task.channels {wiring.num_channels} for a fixed random projection"
                if hasattr(self.task, "channels")
                else ""
            )
            raise ValueError(
                f"the task has {self.task.num_channels} channels, but this {kind} takes "
                f"{wiring.num_channels}; give the topology {self.task.num_channels} input "
                f"channels{either}"
            )
        if wiring.num_classes != self.task.num_classes:
            raise ValueError(
                f"the task has {self.task.num_classes} classes, but this {kind} reads "
                f"{wiring.num_classes}; give the topology {self.task.num_classes} classes"
            )
        self.learner()


def require_leaky(recipe: AbstractRecipe, command: str) -> LeakyRecipe:
    """`recipe`, if it is of the leaky family.

    Raises:
        ValueError: it is of another; the message says what `command` is for.
    """
    if not isinstance(recipe, LeakyRecipe):
        raise ValueError(
            f"{command} is for recipes of the leaky family, and {recipe.name} is a "
            f"{type(recipe).__name__}; try {command} grid-snap1-adam"
        )
    return recipe
