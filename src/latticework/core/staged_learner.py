"""What a run in stages needs of a model: it learns by itself first, then is read."""

import abc
from typing import Any

import numpy as np
from jaxtyping import Array, Int, UInt8

from latticework.core.learner import AbstractLearner

Params = Any


class AbstractStagedLearner(AbstractLearner):
    """A network that learns without targets, and a classifier of what it does.

    Every array has a leading seed axis; raw examples are given once for all seeds, or per seed.
    """

    @abc.abstractmethod
    def check_params(self, params: Params) -> None:
        """Raise ValueError unless learning can go on from these parameters."""

    @abc.abstractmethod
    def learn(self, params: Params, inputs: Array, first: int) -> Params:
        """Show examples to the network, one after the other, each once.

        Args:
            params: before them.
            inputs: encoded examples `[seed, example, ...]`.
            first: number of the first one in the run, for the draws.
        """

    @abc.abstractmethod
    def features(self, params: Params, inputs: Array) -> UInt8[Array, "seed example feature"]:
        """What the network does on examples `[seed or 1, example, ...]`, without learning."""

    @abc.abstractmethod
    def fit(
        self,
        params: Params,
        features: UInt8[Array | np.ndarray, "seed example feature"],
        targets: Int[Array, "seed example"],
    ) -> tuple[Params, Array]:
        """Train the classifier; the new parameters, and its losses `[seed, epoch]`."""

    @abc.abstractmethod
    def guesses(
        self, params: Params, features: UInt8[Array | np.ndarray, "seed example feature"]
    ) -> Int[np.ndarray, "seed answer"]:
        """The classifier's answers; several per example where it reads several times."""

    @abc.abstractmethod
    def clusters(
        self, features: UInt8[Array | np.ndarray, "seed example feature"]
    ) -> Int[np.ndarray, "seed example"]:
        """The first neuron that fires at the end of each example; -1 where none does."""
