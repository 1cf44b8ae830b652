"""Temporal neural networks: a wiring of columns, a spike code and a classifier as one learner."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Literal, get_args

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, Int, UInt8

from latticework.core import spikes
from latticework.core.checks import require
from latticework.core.learner import Updates
from latticework.core.seeds import key_from, key_of, own_draws
from latticework.core.staged_learner import AbstractStagedLearner
from latticework.core.trained_readout import AbstractTrainedReadout
from latticework.core.trees import stacked
from latticework.core.validation import check_classes, check_encoded, check_examples
from latticework.kernels.wave_choice import AUTO, choose_wave_kernel
from latticework.kernels.wave_problem import AbstractWaveKernel, WaveProblem, example_number
from latticework.tasks.spike_codes import AbstractSpikeCode, PoissonIntervals

ReadWaves = Literal["last", "all", "each"]
"""Whether the classifier sees the counts of the last wave, of all waves in turn, or of each wave by
itself, with the same class every time."""

Params = dict[str, Any]

_WEIGHTS, _DRAWS, _CLASSIFIER = 0, 1, 2


@dataclass(frozen=True)
class TnnLearner(AbstractStagedLearner):
    """Shows examples wave by wave, learns by the links' own rules, and is read by counts.

    Parameters: "weights" by link `[seed, source, target]`, "key" `[seed, 2]` of all draws, and
    "classifier" with `weight` `[seed, class, feature]` and `bias` `[seed, class]`.

    Args:
        problem: wiring, schedule, channels.
        num_waves: waves per example.
        code: how pixels become spikes.
        classifier: what reads the counts.
        reads: the "last" wave, "all" together, or "each" by itself.
        kernel_name: "auto", or one of `kernels.wave_choice.WAVE_KERNELS`.
        num_classes: number of classes.

    Raises:
        ValueError: when the pieces do not fit each other.
    """

    problem: WaveProblem
    num_waves: int
    code: AbstractSpikeCode
    classifier: AbstractTrainedReadout
    reads: ReadWaves = "all"
    kernel_name: str = AUTO
    num_classes: int = 10

    def __post_init__(self) -> None:
        known = get_args(ReadWaves)
        require(
            self.reads in known,
            f"reads is {self.reads!r}; one of {', '.join(known)} waves expected",
        )
        _ = self._kernel

    @cached_property
    def _kernel(self) -> AbstractWaveKernel:
        return choose_wave_kernel(self.problem, self.kernel_name)

    @property
    def kernel(self) -> str:
        """Name of the kernel in use."""
        return self._kernel.name

    @property
    def num_features(self) -> int:
        """Counts that the classifier sees."""
        return self.problem.num_read * (self.num_waves if self.reads == "all" else 1)

    @own_draws()
    def init(self, seeds: Sequence[int]) -> Params:
        """Weights as their links say, a key, and a classifier that knows nothing."""
        return stacked(self._one(seed) for seed in seeds)

    def _one(self, seed: int) -> Params:
        key = key_of(seed)
        draws = jax.random.fold_in(key, _DRAWS)
        shape = (self.num_classes, self.num_features)
        return {
            "weights": self.problem.wiring.init(
                jax.random.fold_in(key, _WEIGHTS), self.problem.num_channels
            ),
            "key": jax.random.bits(draws, (2,), jnp.uint32),
            "classifier": {
                "weight": jnp.zeros(shape, jnp.float32),
                "bias": jnp.zeros(self.num_classes, jnp.float32),
            },
        }

    def check_params(self, params: Params) -> None:
        """Raise ValueError unless weights have the right shapes and lie in their rules' limits."""
        self.problem.check_weights(params["weights"])

    def trains(self, params: Params, inputs: Float[Array, "seed example wave channel"]) -> Array:
        """Pixels as spikes; one axis of seeds where the code draws nothing and all see the same."""
        self.problem.check_inputs(inputs.shape)
        check_encoded(inputs)
        length = self.problem.schedule.length
        if not isinstance(self.code, PoissonIntervals):
            return self.code.encode(inputs, length, params["key"][0])
        each = jnp.broadcast_to(inputs, (len(params["key"]), *inputs.shape[1:]))
        return jax.vmap(lambda pixels, key: self.code.encode(pixels, length, key))(
            each, params["key"]
        )

    def learn(self, params: Params, inputs: Array, first: Array | int) -> Params:
        """One example after the other, by the links' rules."""
        result = self._kernel.run(
            params["weights"],
            self.trains(params, inputs),
            params["key"],
            example_number(first),
            learns=True,
            record=(),
        )
        return {**params, "weights": result.weights}

    def features(self, params: Params, inputs: Array) -> Array:
        """Counts, wave after wave, uint8 `[seed, example, feature]`."""
        result = self._kernel.run(
            params["weights"],
            self.trains(params, inputs),
            params["key"],
            jnp.uint32(0),
            learns=False,
        )
        trains = result.trains[:, :, -1:] if self.reads == "last" else result.trains
        counts = spikes.counts(trains).astype(jnp.uint8)
        return counts.reshape(*counts.shape[:2], -1)

    def fit(
        self,
        params: Params,
        features: UInt8[Array | np.ndarray, "seed example feature"],
        targets: Int[Array, "seed example"],
    ) -> tuple[Params, Array]:
        """Train the classifier of each seed."""
        require(
            features.shape[:2] == targets.shape,
            f"features have shape {tuple(features.shape)} and targets {tuple(targets.shape)}; "
            "expected the same [seed, example]",
        )
        check_classes(targets, self.num_classes)
        keys = [jax.random.fold_in(key_from(key), _CLASSIFIER) for key in params["key"]]
        answers = self._answers(features)
        each = jnp.repeat(targets, answers.shape[1] // targets.shape[1], axis=1)
        fits = self.classifier.fit_each(answers, each, jnp.stack(keys), self.num_classes)
        return {**params, "classifier": fits.params}, fits.losses

    def guesses(
        self, params: Params, features: UInt8[Array | np.ndarray, "seed example feature"]
    ) -> Int[np.ndarray, "seed answer"]:
        """The class with the highest score, seed by seed and a chunk at a time."""
        chunk, answers = 1000, self._answers(features)
        found = []
        for seed in range(len(answers)):
            own = jax.tree.map(lambda leaf, seed=seed: leaf[seed], params["classifier"])
            parts = []
            for at in range(0, answers.shape[1], chunk):
                some = jnp.asarray(answers[seed][at : at + chunk])
                parts.append(jnp.argmax(self.classifier.scores(own, some), axis=-1))
            found.append(np.concatenate(parts))
        return np.stack(found)

    def _answers(
        self, features: UInt8[Array | np.ndarray, "seed example feature"]
    ) -> UInt8[Array | np.ndarray, "seed answer read"]:
        """Features as the classifier takes them, `[seed, answer, feature]`."""
        return features.reshape(features.shape[0], -1, self.num_features)

    def clusters(
        self, features: UInt8[Array | np.ndarray, "seed example feature"]
    ) -> Int[np.ndarray, "seed example"]:
        """The first neuron that fires in the last wave."""
        fires = np.asarray(features)[..., -self.problem.num_read :] > 0
        return np.where(fires.any(axis=-1), fires.argmax(axis=-1), -1)

    def scores(
        self, params: Params, inputs: Float[Array, "example wave channel"]
    ) -> Float[Array, "seed example class"]:
        """Class scores of examples that all seeds see."""
        check_encoded(inputs)
        features = self.features(params, inputs[None])
        return self._scores(params, features)

    def _scores(self, params: Params, features: Array) -> Array:
        """Class scores `[seed, example, class]`; the mean over its waves where each is read."""
        answers = jnp.asarray(self._answers(features))
        scores = jax.vmap(self.classifier.scores)(params["classifier"], answers)
        return scores.reshape(*features.shape[:2], -1, self.num_classes).mean(axis=2)

    def updates(
        self,
        params: Params,
        inputs: Float[Array, "seed example wave channel"],
        targets: Int[Array, "seed example"],
        key: Array,
    ) -> Updates:
        """What the rules change on one batch, as a direction for plain SGD with step size 1.

        The loss is the share of silent waves; the classifier stays as it is.
        """
        del key
        check_examples(inputs, targets, self.num_classes)
        result = self._kernel.run(
            params["weights"],
            self.trains(params, inputs),
            params["key"],
            jnp.uint32(0),
            learns=True,
        )
        still = jax.tree.map(jnp.zeros_like, params)
        direction = jax.tree.map(jnp.subtract, params["weights"], result.weights)
        silent = (result.trains == 0).all(axis=-1).astype(jnp.float32).mean(axis=(1, 2))
        features = self.features(params, inputs)
        scores = self._scores(params, features)
        hits = jnp.argmax(scores, axis=-1).astype(targets.dtype) == targets
        correct = hits.astype(jnp.float32).mean(axis=1)
        return Updates({**still, "weights": direction}, silent, correct)
