"""GLOM as a learner: the gradient of a loss at the sites, by backpropagation through the steps."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, Int

from latticework.cells.level_nets import NetParams
from latticework.core.checks import require
from latticework.core.learner import AbstractLearner, Updates
from latticework.core.seeds import key_of, own_draws
from latticework.core.trees import stacked
from latticework.core.validation import check_encoded, check_examples
from latticework.models.glom import Glom
from latticework.models.glom_lessons import Denoising, Evolution, Lesson, Persistence, Pool
from latticework.readouts.site_vote import SiteReadout

TEST_SEED = np.uint32(0x6C6F6D)
"""Draws the initial state when testing, the same for every batch."""


class _Found(NamedTuple):
    """What a batch came to, beside its loss."""

    correct: Array
    state: Array


@dataclass(frozen=True)
class GlomLearner(AbstractLearner):
    """Learns images, one class per image.

    Args:
        network: the columns.
        readout: what the sites say, and its loss.
        test_dropout: leave dropout on when testing, as the published program does.
        denoising: a reconstruction to learn beside the classes.
        persistence: a pool of columns that go on settling from batch to batch.
        evolution: a population beside the gradient.
    """

    network: Glom
    readout: SiteReadout = field(default_factory=SiteReadout)
    test_dropout: bool = False
    denoising: Denoising = field(default_factory=Denoising)
    persistence: Persistence = field(default_factory=Persistence)
    evolution: Evolution = field(default_factory=Evolution)

    @property
    def kernel(self) -> str:
        """Name of the code path in use."""
        return self.network.kernel_name

    @property
    def num_classes(self) -> int:
        """Channels of the top vector, the first of which are the classes."""
        return self.network.nets.vector_length

    @own_draws()
    def init(self, seeds: Sequence[int]) -> NetParams:
        """Parameters for each seed, `[seed, net, ...]`."""
        each = [self._init(key_of(seed)) for seed in seeds]
        return stacked(each)

    def _init(self, key: Array) -> NetParams:
        params = self.network.init(key)
        if self.denoising.is_used:
            d = self.network.nets.vector_length
            params["decode"] = jnp.eye(d, dtype=jnp.float32)
            params["decode_bias"] = jnp.zeros(d, jnp.float32)
        return params

    def init_memory(self, seeds: Sequence[int]) -> Pool | tuple[()]:
        """An empty pool for each seed, or nothing."""
        if not self.persistence.is_used:
            return ()
        net = self.network
        shape = (net.nets.num_levels, net.nets.vector_length, net.rows, net.cols)
        pool = self.persistence.init(shape, (net.rows * net.cols, net.front.patch**2))
        return jax.tree.map(lambda leaf: jnp.stack([leaf] * len(seeds)), pool)

    def updates(
        self,
        params: NetParams,
        inputs: Float[Array, "seed batch site pixel"],
        targets: Int[Array, "seed batch"],
        key: Array,
    ) -> Updates:
        """The direction for one batch, each image begun anew."""
        check_examples(inputs, targets, self.num_classes)

        def one(params, inputs, targets, key):
            return self._learn(params, inputs, targets, None, key)[0]

        return jax.vmap(one)(params, inputs, targets, key)

    def learn(
        self,
        params: NetParams,
        memory: Pool | tuple[()],
        inputs: Float[Array, "seed batch site pixel"],
        targets: Int[Array, "seed batch"],
        key: Array,
    ) -> tuple[Updates, Pool | tuple[()]]:
        """As `updates`, with images from the pool, and the pool afterwards."""
        if not isinstance(memory, Pool):
            return self.updates(params, inputs, targets, key), memory
        check_examples(inputs, targets, self.num_classes)

        def one(params, pool, inputs, targets, key):
            draw_key, key = jax.random.split(key)
            lesson = self.persistence.draw(pool, inputs, targets, draw_key)
            update, state = self._learn(params, lesson.pixels, lesson.targets, lesson, key)
            return update, self.persistence.put(pool, lesson, state)

        return jax.vmap(one)(params, memory, inputs, targets, key)

    def _learn(
        self, params: NetParams, inputs: Array, targets: Array, lesson: Lesson | None, key: Array
    ) -> tuple[Updates, Array]:
        """The direction of one seed, and where the columns came to rest."""
        evolution_key, key = jax.random.split(key)

        def loss(params: NetParams) -> tuple[Array, _Found]:
            return self._loss(params, inputs, targets, lesson, key)

        (value, found), gradient = jax.value_and_grad(loss, has_aux=True)(params)
        direction = self.evolution.combine(
            lambda params: loss(params)[0], params, gradient, evolution_key
        )
        return Updates(direction, value, found.correct), found.state

    def _loss(
        self, params: NetParams, inputs: Array, targets: Array, lesson: Lesson | None, key: Array
    ) -> tuple[Array, _Found]:
        """Mean loss of a batch, learning."""
        damage_key, key = jax.random.split(key)
        seed = jax.random.bits(key, dtype=jnp.uint32)
        image = self.network.see(inputs)
        whole = image.bottom
        if self.denoising.is_used:
            image = image._replace(bottom=self.denoising.damage(whole, damage_key))
        state = None
        if lesson is not None:
            anew = lesson.is_fresh[:, None, None] | lesson.is_damaged
            state = jnp.where(anew[None, None], self.network.start(image, seed), lesson.state)
            state = state.at[0].set(image.bottom)
        settled = self.network.settle(params, image, seed, state=state, learning=True).state
        losses = self.readout.losses(settled[-1], image.alive, targets)
        if self.denoising.is_used:
            error = self.denoising.error(params, settled, whole)
            losses = losses + jnp.asarray(self.denoising.weight, losses.dtype) * error
        scores = self.readout.scores(jax.lax.stop_gradient(settled[-1]), image.alive)
        hits = jnp.argmax(scores, axis=-1).astype(targets.dtype) == targets
        correct = jnp.mean(hits.astype(losses.dtype))
        return jnp.mean(losses), _Found(correct, jax.lax.stop_gradient(settled))

    def scores(
        self, params: NetParams, inputs: Float[Array, "batch site pixel"]
    ) -> Float[Array, "seed batch class"]:
        """Votes, or the mean top vector."""
        check_encoded(inputs)
        image = self.network.see(inputs)

        def one(params):
            settled = self.network.settle(params, image, TEST_SEED, dropout=self.test_dropout)
            return self.readout.scores(settled.state[-1], image.alive)

        return jax.vmap(one)(params)

    def check_classes(self, num_classes: int) -> None:
        """Raise ValueError unless the top vector has a channel for each class."""
        length = self.network.nets.vector_length
        require(
            length >= num_classes,
            f"vectors have {length} entries, expected at least {num_classes}: the first ones of "
            "the top level are the classes",
        )
