"""An experiment with GLOM."""

from dataclasses import dataclass, field

from latticework.cells.consensus import (
    AbstractAttention,
    AbstractConsensus,
    NoAttention,
    NoConsensus,
)
from latticework.cells.front_end import FrontEnd
from latticework.cells.level_nets import LevelNets
from latticework.core.checks import require
from latticework.core.task import AbstractTask
from latticework.kernels.glom import AUTO
from latticework.models.glom import Glom
from latticework.models.glom_learner import GlomLearner
from latticework.models.glom_lessons import Denoising, Evolution, Persistence
from latticework.readouts.site_vote import SiteReadout
from latticework.recipes.base import AbstractTrainedRecipe
from latticework.schedules.settling import Settling
from latticework.tasks import PatchImage


@dataclass(frozen=True)
class GlomRecipe(AbstractTrainedRecipe):
    """Columns of levels on the patches of an image, by backpropagation through the steps.

    The defaults are the published program's.

    Args:
        nets: what reads and writes the levels.
        front: how a patch becomes a bottom vector.
        settling: steps, update, snapshots, noise, masks.
        attention: weights the neighbours that the nets read: --attention none, lambda.
        consensus: agreement within a level: --consensus none, softmax.
        sites: what the sites say, and the loss.
        test_dropout: leave dropout on when testing, as the published program does.
        denoising: a reconstruction to learn beside the classes.
        persistence: a pool of columns that go on settling from batch to batch.
        evolution: a population beside the gradient.
        kernel: the code path, "auto" for the fastest that applies.
    """

    task: AbstractTask = field(default_factory=PatchImage)
    nets: LevelNets = field(default_factory=LevelNets)
    front: FrontEnd = field(default_factory=FrontEnd)
    settling: Settling = field(default_factory=Settling)
    attention: AbstractAttention = field(default_factory=NoAttention)
    consensus: AbstractConsensus = field(default_factory=NoConsensus)
    sites: SiteReadout = field(default_factory=SiteReadout)
    test_dropout: bool = False
    denoising: Denoising = field(default_factory=Denoising)
    persistence: Persistence = field(default_factory=Persistence)
    evolution: Evolution = field(default_factory=Evolution)
    kernel: str = AUTO

    @property
    def side(self) -> int:
        """Columns along each side.

        Raises:
            ValueError: the task does not show patches.
        """
        task = self.task
        if not isinstance(task, PatchImage):
            raise ValueError(
                f"GLOM sees patches of an image, and {type(task).__name__} does not show them; "
                "use --task patch_image"
            )
        return task.side

    def network(self) -> Glom:
        """The columns, without parameters."""
        return Glom(
            self.side,
            self.side,
            nets=self.nets,
            front=self.front,
            settling=self.settling,
            attention=self.attention,
            consensus=self.consensus,
            kernel=self.kernel,
        )

    def learner(self) -> GlomLearner:
        """The columns with their loss and lessons; errors as in the base."""
        return GlomLearner(
            self.network(),
            self.sites,
            self.test_dropout,
            self.denoising,
            self.persistence,
            self.evolution,
        )

    @property
    def num_cells(self) -> int:
        """Levels of all columns."""
        return self.side**2 * self.nets.num_levels

    def check(self) -> None:
        """Raise ValueError when task, front end, nets and lessons do not fit each other."""
        _ = self.side
        patch = getattr(self.task, "patch", 0)
        require(
            patch == self.front.patch and self.task.num_channels == patch**2,
            f"the task shows {self.task.num_channels} channels of patches of {patch} pixels, but "
            f"the front end takes patches of {self.front.patch}; set --task.patch and "
            "--front.patch to the same side, and no --task.channels",
        )
        pool, batch = self.persistence.pool_size, self.training.batch_size
        require(
            pool % batch == 0,
            f"pool_size is {pool}, expected a multiple of the batch size, {batch}",
        )
        self.learner().check_classes(self.task.num_classes)
