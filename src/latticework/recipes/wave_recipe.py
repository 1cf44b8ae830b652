"""An experiment with a temporal neural network."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Literal, TypeVar, get_args

import jax

from latticework.core.checks import require
from latticework.core.fixed import Fixed
from latticework.core.task import AbstractTask, Dataset
from latticework.core.trained_readout import AbstractTrainedReadout
from latticework.kernels.wave_choice import AUTO
from latticework.kernels.wave_problem import WaveProblem
from latticework.models.tnn import ReadWaves, TnnLearner
from latticework.readouts import SigmoidSgd
from latticework.recipes.base import AbstractRecipe
from latticework.schedules import Wave, corrected
from latticework.schedules.wave import TieBreak
from latticework.tasks import WaveImage
from latticework.tasks.spike_codes import AbstractSpikeCode, Ramp
from latticework.topologies import Column, Columns, Inputs, Link, Uniform
from latticework.topologies.columns_text import describe_columns
from latticework.train import Protocol, StagingConfig, TrainResult
from latticework.train.staged import train_in_stages

Semantics = Literal["faithful", "right-winners", "separate-waves", "both", "corrected"]
"""`faithful`: the published program with its faults. `right-winners` and `separate-waves` repair
one of the two that matter most, `both` those two, `corrected` all."""


def schedule_of(semantics: str, length: int, tie_break: TieBreak = "random") -> Wave:
    """The schedule of a word.

    Raises:
        ValueError: there is no such word.
    """
    known = get_args(Semantics)
    require(
        semantics in known,
        f"semantics is {semantics!r}; one of {', '.join(known)} expected",
    )
    if semantics == "corrected":
        return corrected(length, tie_break)
    return Wave(
        length,
        tie_break,
        right_winners=semantics in ("right-winners", "both"),
        separate_waves=semantics in ("separate-waves", "both"),
    )


def _smallest() -> Columns:
    """A wiring that can be built without a word: one column on a row."""
    return Columns(
        (Inputs("row"),),
        (Column("column", 100, 32, 10),),
        links=(Link("row", "column", Uniform(1.6)),),
    )


WaveRecipeT = TypeVar("WaveRecipeT", bound="WaveRecipe")


@dataclass(frozen=True)
class WaveRecipe(AbstractRecipe):
    """Columns that learn by themselves, wave by wave, and a classifier that counts their spikes.

    Args:
        staging: how many examples are shown at once, and how often a run is saved.
        wiring: inputs, columns, buffers, links and their rules.
        corrected_wiring: likewise where the published wiring has a fault of its own, and all
            faults are repaired; None where it has none.
        code: how pixels become spikes.
        semantics: "faithful" with the published faults, "corrected" with none, or in between.
        tie_break: who wins where there is not room for all: "random" or "first".
        wave_length: steps per wave.
        classifier: what is trained on the counts.
        reads: counts of the "last" wave, of "all", or of "each" by itself.
        protocol: which examples are for what.
        kernel: the code path, "auto" for the fastest that applies.
    """

    task: AbstractTask = field(default_factory=WaveImage)
    staging: Fixed[StagingConfig] = field(default_factory=StagingConfig)
    wiring: Fixed[Columns] = field(default_factory=_smallest)
    corrected_wiring: Fixed[Columns | None] = None
    code: AbstractSpikeCode = field(default_factory=Ramp)
    semantics: Semantics = "faithful"
    tie_break: TieBreak = "random"
    wave_length: int = 16
    classifier: AbstractTrainedReadout = field(default_factory=SigmoidSgd)
    reads: ReadWaves = "all"
    protocol: Protocol = field(default_factory=Protocol)
    kernel: str = AUTO

    @property
    def columns(self) -> Columns:
        """The wiring under the semantics in force."""
        if self.semantics == "corrected" and self.corrected_wiring is not None:
            return self.corrected_wiring
        return self.wiring

    def problem(self) -> WaveProblem:
        """What the kernel computes; ValueError when the pieces do not fit each other."""
        schedule = schedule_of(self.semantics, self.wave_length, self.tie_break)
        return WaveProblem(self.columns, schedule, self.task.num_channels)

    def learner(self) -> TnnLearner:
        """The network with its rules and its classifier; errors as in the base."""
        return TnnLearner(
            self.problem(),
            self.task.num_steps,
            self.code,
            self.classifier,
            self.reads,
            self.kernel,
            self.task.num_classes,
        )

    def check(self) -> None:
        """Raise ValueError when the pieces do not fit each other."""
        self.learner()

    @property
    def eval_batch(self) -> int:
        """Examples that are scored at once."""
        return self.staging.batch

    @property
    def num_cells(self) -> int:
        """Neurons of all columns; buffers only remember."""
        return sum(column.size for column in self.columns.columns)

    @property
    def parameters(self) -> dict[str, int]:
        """Synapses of each link that owns them, and the classifier's weights."""
        problem, learner = self.problem(), self.learner()
        sizes = problem.sizes
        found = {
            name: sizes[link.source] * sizes[link.target]
            for name, link in problem.wiring.blocks.items()
        }
        return {**found, "classifier": (learner.num_features + 1) * self.task.num_classes}

    def plan_text(self, dataset: Dataset) -> str:
        """What is about to be done, in words."""
        protocol = self.protocol
        return (
            f"{protocol.num_learned:,} images to learn from, {protocol.num_read:,} for the "
            f"classifier, of {dataset.name}; tested on {protocol.tested_text(dataset)}; "
            f"{self.semantics} semantics"
        )

    def within(self: WaveRecipeT, dataset: Dataset) -> WaveRecipeT:
        """With no more examples than there are."""
        return replace(self, protocol=self.protocol.within(dataset))

    def details(self) -> tuple[str, ...]:
        """Every population and link in a line."""
        return describe_columns(self.columns, self.task.num_channels)

    def tested_text(self, dataset: Dataset) -> str:
        """What accuracy is measured on, in words."""
        return self.protocol.tested_text(dataset)

    def fit(
        self,
        dataset: Dataset,
        seeds: Sequence[int],
        stored: Mapping[str, Any],
        run_dir: Path | None = None,
        resume: bool = False,
        progress: Any = None,
        devices: int = 1,
        new_kernel: bool = False,
    ) -> TrainResult:
        """Learn, read, test; see the base."""
        require(
            devices == 1 and jax.process_count() == 1,
            f"{self.name} learns one example after the other, which several devices cannot share; "
            "train it on one device",
        )
        return train_in_stages(
            self.learner(),
            dataset,
            self.task.encode,
            self.protocol,
            self.staging,
            seeds,
            run_dir=run_dir,
            resume=resume,
            progress=progress,
            new_kernel=new_kernel,
            **stored,
        )
