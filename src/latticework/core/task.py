"""What the data is: the task axis."""

import abc
from dataclasses import dataclass
from typing import Any

import numpy as np
from jaxtyping import Array


@dataclass(frozen=True)
class Dataset:
    """Raw examples as stored, split once.

    Args:
        train_inputs: raw inputs `[example, ...]`, kept in their stored dtype (uint8 for images), or
            examples that are read when a step needs them.
        train_targets: integer classes `[example]`.
        test_inputs: as `train_inputs`, held out.
        test_targets: integer classes `[example]`.
        name: what was really loaded ("mnist", "digits"); a fall-back shows here.
        notice: one sentence when `name` is not what was asked for, else empty.
    """

    train_inputs: Any
    train_targets: np.ndarray
    test_inputs: np.ndarray
    test_targets: np.ndarray
    name: str
    notice: str = ""


class AbstractTask(abc.ABC):
    """A supervised task on sequences: raw examples and how they become input sequences.

    Instances are frozen dataclasses of plain numbers and strings, so that a recipe can
    hold, print and override them.
    """

    @property
    @abc.abstractmethod
    def num_steps(self) -> int:
        """Length T of an encoded sequence."""

    @property
    @abc.abstractmethod
    def num_channels(self) -> int:
        """Number of external channels C per step."""

    @property
    @abc.abstractmethod
    def num_classes(self) -> int:
        """Number of classes."""

    @abc.abstractmethod
    def load(self, source: Any) -> Dataset:
        """Read the examples from `source` (a `tasks.DataSource`: folder, cache, mirrors)."""

    @abc.abstractmethod
    def encode(self, raw: Array) -> Array:
        """Raw inputs `[..., *stored shape]` to float32 sequences `[..., T, C]`; pure, jittable."""
