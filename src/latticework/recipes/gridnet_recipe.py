"""An experiment with a gridnet."""

import math
from dataclasses import dataclass, field

from latticework.cells import NeighbourMix
from latticework.core.checks import require
from latticework.core.lattice import AbstractLatticeCell
from latticework.kernels import AUTO
from latticework.models import AbstractLatticeInput, Gridnet, GridnetLearner, ImageFace
from latticework.models.gridnet_learner import GridnetLoss
from latticework.readouts import SlabLinear
from latticework.recipes.base import AbstractTrainedRecipe
from latticework.schedules import Blocked
from latticework.topologies import Lattice


@dataclass(frozen=True)
class GridnetRecipe(AbstractTrainedRecipe):
    """A gridnet that learns images, or to copy them.

    Args:
        topology: the lattice.
        cell: what one cell computes.
        schedule: blocks and inner steps.
        readout: what is read where.
        image: how an image enters.
        outer_steps: sweeps from input to readout.
        shares_weights: whether all sweeps have the same weights.
        outer_residual: carry the state around each sweep.
        loss: "cross_entropy" or "echo".
        kernel: the code path, "auto" for the fastest that applies.
        remat: save memory by computing twice.
    """

    topology: Lattice = field(default_factory=Lattice)
    cell: AbstractLatticeCell = field(default_factory=NeighbourMix)
    schedule: Blocked = field(default_factory=Blocked)
    readout: SlabLinear = field(default_factory=SlabLinear)
    image: AbstractLatticeInput = field(default_factory=ImageFace)
    outer_steps: int = 64
    shares_weights: bool = True
    outer_residual: bool = False
    loss: GridnetLoss = "cross_entropy"
    kernel: str = AUTO
    remat: bool = False

    def network(self) -> Gridnet:
        """The network, without parameters.

        Raises:
            ValueError: a part is not one of a gridnet, or parts do not fit each other.
        """
        for name, kind in (
            ("topology", Lattice),
            ("cell", AbstractLatticeCell),
            ("schedule", Blocked),
            ("readout", SlabLinear),
        ):
            part = getattr(self, name)
            require(
                isinstance(part, kind),
                f"{self.name} cannot have {type(part).__name__} as its {name}; a gridnet takes "
                f"{kind.__name__.removeprefix('Abstract')}",
            )
        return Gridnet(
            lattice=self.topology,
            cell=self.cell,
            schedule=self.schedule,
            readout=self.readout,
            image=self.image,
            outer_steps=self.outer_steps,
            num_outputs=self.image.num_pixels if self.loss == "echo" else self.task.num_classes,
            shares_weights=self.shares_weights,
            outer_residual=self.outer_residual,
        )

    def learner(self) -> GridnetLearner:
        """The network with its loss; errors as in the base."""
        return GridnetLearner(self.network(), self.loss, self.kernel, self.remat)

    def details(self) -> tuple[str, ...]:
        """What an image costs."""
        operations = self.network().operations() / 1e6
        return (f"{operations:,.1f} MFLOP in the stencil per image, and twice that to go back",)

    @property
    def num_cells(self) -> int:
        """Number of cells of the network."""
        return self.topology.num_cells

    def check(self) -> None:
        """Raise ValueError when the task's images do not fit the network."""
        task, wanted = self.task, self.image.image_shape
        pixels = task.num_steps * task.num_channels
        require(
            pixels == math.prod(wanted),
            f"the task's images have {pixels} pixels, but the network takes {wanted}; change the "
            "image's sides, or the task",
        )
        self.learner()
