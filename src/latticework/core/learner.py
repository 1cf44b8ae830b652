"""What the training loop needs of a model: the learner."""

import abc
from collections.abc import Sequence
from typing import Any, NamedTuple

from jaxtyping import Array, Float, Int, PyTree

Params = Any
"""A pytree of float arrays. In a learner every leaf has a leading seed axis."""


class Updates(NamedTuple):
    """What a rule returns for one batch, per seed.

    `direction` is congruent with the parameters and is what an optimiser descends along
    (the batch mean of the rule's gradient); `loss` and `correct` are batch means.
    """

    direction: PyTree[Float[Array, "seed ..."]]
    loss: Float[Array, " seed"]
    correct: Float[Array, " seed"]


class AbstractLearner(abc.ABC):
    """A network with a rule, for several seeds side by side.

    Every array has a leading seed axis, also when there is one seed, so that the training
    loop is written once. All methods but `init` are pure and called inside `jit`.
    """

    @property
    @abc.abstractmethod
    def kernel(self) -> str:
        """Name of the code path in use, for the run record."""

    @abc.abstractmethod
    def init(self, seeds: Sequence[int]) -> Params:
        """Parameters for each seed, stacked on axis 0."""

    @abc.abstractmethod
    def updates(
        self,
        params: Params,
        inputs: Float[Array, "seed batch ..."],
        targets: Int[Array, "seed batch"],
        key: Array,
    ) -> Updates:
        """The rule's update direction for one batch of encoded inputs.

        `key` is a batch of PRNG keys `[seed]`, fresh for every batch (noise in the learning path).
        """

    @abc.abstractmethod
    def scores(
        self, params: Params, inputs: Float[Array, "batch ..."]
    ) -> Float[Array, "seed batch classes"]:
        """Class scores; the prediction is the first maximum."""
