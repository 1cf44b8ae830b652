"""What a training run came to."""

import dataclasses
import enum
import importlib.metadata
import platform
from collections.abc import Mapping, Sequence
from typing import Any

import jax
import numpy as np

from latticework.core.learner import ACCURACY, Params
from latticework.kernels.extension import simd_level
from latticework.train.scores import named, score_entry
from latticework.train.steps import NEVER


class Outcome(enum.Enum):
    """How a run ended."""

    FINISHED = "finished"
    NON_FINITE = "non_finite"
    INTERRUPTED = "interrupted"


@dataclasses.dataclass(frozen=True)
class Summary:
    """A measurement over seeds.

    Args:
        mean: the mean.
        sd: standard deviation with n - 1 in the denominator; None for one seed.
        min: the smallest value.
        max: the largest value.
    """

    mean: float
    sd: float | None
    min: float
    max: float

    @classmethod
    def of(cls, values: Sequence[float] | np.ndarray) -> "Summary":
        """Summary of at least one value.

        Raises:
            ValueError: there is no value.
        """
        array = np.asarray(values, np.float64)
        if array.size == 0:
            raise ValueError("there is no value to summarise; run at least one seed")
        sd = float(array.std(ddof=1)) if array.size > 1 else None
        return cls(float(array.mean()), sd, float(array.min()), float(array.max()))


@dataclasses.dataclass(frozen=True)
class TrainResult:
    """What `train` returns.

    Args:
        outcome: how the run ended.
        message: the same as a sentence; names seeds and steps that went wrong.
        params: the last good parameters, with a leading seed axis.
        seeds: the seeds, in the order of that axis.
        test_accuracy: `[seed]` on the whole test set; None when the run was interrupted.
        metrics: one record per finished epoch, as in metrics.jsonl.
        epochs: finished epochs.
        non_finite_steps: step at which a seed went wrong, by seed.
        seconds: wall time, compilation, evaluation and earlier parts of a resumed run included.
        train_seconds: wall time of the training steps alone.
        images_per_second: training examples per second of `train_seconds`, over all seeds.
        kernel: the code path that ran.
        dataset: what was learned from.
        devices: how many devices shared every batch.
        notes: what was changed on the way, when the run was resumed.
        score_name: what `test_accuracy` is, where it is not the accuracy of classes.
        data: name, origin and SHA-256 of what was learned from.
    """

    outcome: Outcome
    message: str
    params: Params
    seeds: tuple[int, ...]
    test_accuracy: np.ndarray | None
    metrics: list[dict[str, Any]]
    epochs: int
    non_finite_steps: dict[int, int]
    seconds: float
    train_seconds: float
    images_per_second: float
    kernel: str
    dataset: str
    devices: int = 1
    notes: tuple[str, ...] = ()
    score_name: str = ACCURACY
    data: Mapping[str, str] = dataclasses.field(default_factory=dict)

    @property
    def summary(self) -> Summary | None:
        """Test accuracy over all seeds."""
        return None if self.test_accuracy is None else Summary.of(self.test_accuracy)

    def record(self, recipe: Any = None, published: Any = None) -> dict[str, Any]:
        """The result as it is written to result.json."""
        summary = self.summary
        record = {
            "recipe": recipe,
            "outcome": self.outcome.value,
            "message": self.message,
            "test_accuracy": None if summary is None else summary.mean,
            "published": published,
            "per_seed": None if self.test_accuracy is None else self.test_accuracy.tolist(),
            "summary": None if summary is None else dataclasses.asdict(summary),
            "seeds": list(self.seeds),
            "epochs": self.epochs,
            "dataset": self.dataset,
            "data": dict(self.data),
            "non_finite_steps": {str(seed): step for seed, step in self.non_finite_steps.items()},
            "seconds": self.seconds,
            "train_seconds": self.train_seconds,
            "images_per_second": self.images_per_second,
            "kernel": self.kernel,
            "simd": simd_level(self.kernel),
            "device": jax.devices()[0].device_kind,
            "devices": self.devices,
            "notes": list(self.notes),
            "versions": versions(),
            **score_entry(self.score_name),
        }
        return named(record)


def versions() -> dict[str, str]:
    """Versions of what decides the numbers."""
    packages = ("latticework", "jax", "jaxlib", "numpy", "optax")
    found = {name: importlib.metadata.version(name) for name in packages}
    return {"python": platform.python_version(), **found}


def non_finite_steps(seeds: Sequence[int], bad_step: np.ndarray) -> dict[int, int]:
    """Step at which each seed went wrong, for the seeds that did."""
    pairs = zip(seeds, bad_step.tolist(), strict=True)
    return {seed: step for seed, step in pairs if step != NEVER}


def sentence(
    outcome: Outcome, epoch: int, step: int, steps_per_epoch: int, bad: dict[int, int]
) -> str:
    """The outcome in words."""
    lost = "; ".join(
        f"seed {seed} became non-finite at step {at} (epoch {at // steps_per_epoch + 1}) and kept "
        "its parameters from before that step"
        for seed, at in bad.items()
    )
    if outcome is Outcome.NON_FINITE:
        return f"stopped: {lost}; try a smaller learning rate or clip_norm"
    if outcome is Outcome.INTERRUPTED:
        text = f"interrupted in epoch {epoch + 1} after step {step} of {steps_per_epoch}"
    else:
        text = f"finished {epoch} epoch{'' if epoch == 1 else 's'}"
    return f"{text}; {lost}" if lost else text
