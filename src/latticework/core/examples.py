"""Examples that do not fit into memory: read when a step needs them."""

import abc
from collections.abc import Iterator, Sequence
from typing import NamedTuple

import numpy as np


class Place(NamedTuple):
    """Where an example is needed; decides how it is augmented.

    Args:
        step: of the whole run.
        seed: number of the seed, in the order of the leading axis.
        slot: place in the batch.
        example: which one.
    """

    step: int
    seed: int
    slot: int
    example: int


class AbstractExamples(abc.ABC):
    """Raw inputs that are read one by one, the same whenever they are read for the same place."""

    @property
    @abc.abstractmethod
    def shape(self) -> tuple[int, ...]:
        """`[example, ...]`."""

    def __len__(self) -> int:
        return self.shape[0]

    @property
    @abc.abstractmethod
    def facts(self) -> dict[str, int]:
        """Counts worth a place in the record of every epoch."""

    @abc.abstractmethod
    def batches(self, places: Sequence[Place], size: int) -> Iterator[np.ndarray]:
        """The examples at `places`, `[size, ...]` at a time, read ahead."""
