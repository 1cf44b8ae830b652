"""What the data is: the task axis."""

import abc
import hashlib
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import jax
import numpy as np
from jaxtyping import Array

from latticework.core.checks import require
from latticework.core.examples import AbstractExamples
from latticework.core.validation import check_classes, check_inputs


@dataclass(frozen=True)
class Dataset:
    """Raw examples as stored, split once.

    Nothing gets past the constructor that cannot be learned from: a run on numbers that are not
    finite, or on classes that do not exist, would end with a wrong accuracy rather than an error.

    Args:
        train_inputs: raw inputs `[example, ...]`, kept in their stored dtype (uint8 for images), or
            examples that are read when a step needs them.
        train_targets: integer classes `[example]`.
        test_inputs: as `train_inputs`, held out.
        test_targets: integer classes `[example]`.
        name: what was really loaded ("mnist", "digits"); a fall-back shows here.
        notice: one sentence when `name` is not what was asked for, else empty.
        num_classes: number of classes, where the task knows it.
        origin: where it was read from, or how it was made.
        digest: SHA-256 of the stored content, where that is not what the arrays hold.

    Raises:
        ValueError: a part is empty, inputs and targets differ in number, the parts differ in shape,
            an input is no finite real number, or a target no whole number in 0..num_classes-1.
    """

    train_inputs: Any
    train_targets: np.ndarray
    test_inputs: np.ndarray
    test_targets: np.ndarray
    name: str
    notice: str = ""
    num_classes: int | None = None
    origin: str = "memory"
    digest: str = ""

    def __post_init__(self) -> None:
        for part in ("train", "test"):
            self._check_part(f"{part}_inputs", f"{part}_targets")
        shapes = self.train_inputs.shape[1:], self.test_inputs.shape[1:]
        require(
            shapes[0] == shapes[1],
            f"{self.name}: training examples have shape {shapes[0]}, test examples {shapes[1]}; "
            "expected the same",
        )
        self.check_classes(self.num_classes)

    def _check_part(self, inputs_name: str, targets_name: str) -> None:
        """Raise ValueError unless these are as many finite inputs as targets, one at least."""
        inputs, targets = getattr(self, inputs_name), getattr(self, targets_name)
        is_read_later = inputs_name == "train_inputs" and isinstance(inputs, AbstractExamples)
        for name, array in ((inputs_name, inputs), (targets_name, targets)):
            require(
                isinstance(array, np.ndarray | jax.Array) or (array is inputs and is_read_later),
                f"{self.name}: {name} are a {type(array).__name__}, expected an array; convert "
                "with numpy.asarray",
            )
            require(len(array.shape) > 0, f"{self.name}: {name} are one number, expected an array")
        require(
            targets.ndim == 1 and len(inputs) == len(targets),
            f"{self.name}: {inputs_name} have shape {tuple(inputs.shape)} and {targets_name} "
            f"{tuple(targets.shape)}; expected one class per example",
        )
        require(len(targets) > 0, f"{self.name}: {inputs_name} are empty, expected examples")
        if not is_read_later:
            check_inputs(inputs, f"{self.name}: {inputs_name}")

    def check_classes(self, num_classes: int | None) -> None:
        """Raise ValueError unless every target is a whole number in 0..num_classes-1."""
        for name in ("train_targets", "test_targets"):
            check_classes(getattr(self, name), num_classes, f"{self.name}: {name}")

    @cached_property
    def sha256(self) -> str:
        """SHA-256 of what is learned and tested on: `digest`, or that of all four arrays."""
        if self.digest:
            return self.digest
        digest = hashlib.sha256()
        for name in ("train_inputs", "train_targets", "test_inputs", "test_targets"):
            part = getattr(self, name)
            if isinstance(part, AbstractExamples):  # their number; who reads them has the digest
                digest.update(f"{name} {part.shape}\n".encode())
                continue
            array = np.ascontiguousarray(part)
            digest.update(f"{name} {array.dtype.str} {array.shape}\n".encode())
            digest.update(array.reshape(-1).view(np.uint8).data)
        return digest.hexdigest()


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
