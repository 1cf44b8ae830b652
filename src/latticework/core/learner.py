"""What the training loop needs of a model: the learner."""

import abc
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple, Protocol, runtime_checkable

import jax.numpy as jnp
from jaxtyping import Array, Float, Int, PyTree

from latticework.core.validation import check_examples

Params = Any
"""A pytree of float arrays. In a learner every leaf has a leading seed axis."""


ACCURACY = "accuracy"
"""Score of a learner that tells classes."""


class Updates(NamedTuple):
    """What a rule returns for one batch, per seed.

    `direction` is congruent with the parameters and is what an optimiser descends along
    (the batch mean of the rule's gradient); `loss` and `correct` are batch means.
    """

    direction: PyTree[Float[Array, "seed ..."]]
    loss: Float[Array, " seed"]
    correct: Float[Array, " seed"]


@runtime_checkable
class OptimiserSpec(Protocol):
    """What a learner may ask of an optimiser before it offers a compiled path."""

    def plain_step_sizes(self, groups: Iterable[str]) -> Mapping[str, float] | None:
        """Step size of each parameter group if the optimiser is `p -= size * g`, else None."""
        ...


@runtime_checkable
class FusedSteps(Protocol):
    """Many plain-SGD steps in one call: the fast path of the training loop, traced under `jit`.

    Step `i` of `start..stop-1` learns from the examples `order[:, i * batch : (i + 1) * batch]`.

    Args:
        params: as in `AbstractLearner.updates`.
        inputs: raw inputs `[example, ...]` as stored; encoding is part of the kernel.
        targets: int32 classes `[example]`.
        order: int32 `[seed, example]`, the epoch's order of examples.
        start: int32 scalar, first step.
        stop: int32 scalar, one past the last step; `stop == start` must do nothing.

    Returns:
        The new parameters, and per seed the sums over steps of the batch means of loss and
        correct, each computed before the step's update.
    """

    def __call__(
        self, params: Params, inputs: Array, targets: Array, order: Array, start: Array, stop: Array
    ) -> tuple[Params, Array, Array]:
        """Run steps `start..stop-1`."""
        ...


class AbstractLearner(abc.ABC):
    """A network with a rule, for several seeds side by side.

    Every array has a leading seed axis, also when there is one seed, so that the training
    loop is written once. All methods but `init` are pure and called inside `jit`.

    Whoever calls them with values rather than inside `jit` is told of the first input that is not
    finite and of the first class that does not exist: each learner begins with
    `core.validation.check_examples` or `check_encoded`.
    """

    @property
    @abc.abstractmethod
    def kernel(self) -> str:
        """Name of the code path in use, for the run record."""

    @property
    @abc.abstractmethod
    def num_classes(self) -> int | None:
        """Number of classes that it can tell apart; None where targets are not looked at."""

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

    def init_memory(self, seeds: Sequence[int]) -> PyTree[Array]:
        """What is carried from batch to batch beside the parameters, `[seed, ...]`; or nothing."""
        del seeds
        return ()

    def learn(
        self,
        params: Params,
        memory: PyTree[Array],
        inputs: Float[Array, "seed batch ..."],
        targets: Int[Array, "seed batch"],
        key: Array,
    ) -> tuple[Updates, PyTree[Array]]:
        """As `updates`, and the memory afterwards; this is what the training loop calls."""
        return self.updates(params, inputs, targets, key), memory

    @abc.abstractmethod
    def scores(
        self, params: Params, inputs: Float[Array, "batch ..."]
    ) -> Float[Array, "seed batch classes"]:
        """Class scores; the prediction is the first maximum."""

    @property
    def score_name(self) -> str:
        """What the mean of `points` over a test set is called."""
        return ACCURACY

    def points(
        self,
        params: Params,
        inputs: Float[Array, "batch ..."],
        targets: Int[Array, " batch"],
    ) -> Float[Array, "seed batch"]:
        """What each test example counts: 1 for a right prediction, else 0."""
        check_examples(inputs, targets, self.num_classes, lead=1)
        scores = self.scores(params, inputs)
        hits = jnp.argmax(scores, axis=-1).astype(jnp.int32) == targets[None]
        return hits.astype(jnp.float32)

    def fused_steps(self, optimiser: OptimiserSpec, batch_size: int) -> FusedSteps | None:
        """A compiled loop over steps for this optimiser and batch size, or None if there is none.

        A learner that returns one has chosen it: the training loop uses it, and `kernel` names it.
        """
        del optimiser, batch_size
        return None
