"""GLOM as a learner: the gradient of a loss at the sites, by backpropagation through the steps."""

from collections.abc import Sequence
from dataclasses import dataclass, field

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, Int

from latticework.cells.level_nets import NetParams
from latticework.core.learner import AbstractLearner, Updates
from latticework.models.glom import Glom
from latticework.readouts.site_vote import SiteReadout

TEST_SEED = 0x6C6F6D
"""Draws the initial state when testing, the same for every batch."""


@dataclass(frozen=True)
class GlomLearner(AbstractLearner):
    """Learns images, one class per image.

    Args:
        network: the columns.
        readout: what the sites say, and its loss.
        test_dropout: leave dropout on when testing, as the published program does.
    """

    network: Glom
    readout: SiteReadout = field(default_factory=SiteReadout)
    test_dropout: bool = False

    @property
    def kernel(self) -> str:
        """Name of the code path in use."""
        return self.network.kernel_name

    def init(self, seeds: Sequence[int]) -> NetParams:
        """Parameters for each seed, `[seed, net, ...]`."""
        each = [self.network.init(jax.random.key(seed)) for seed in seeds]
        return jax.tree.map(lambda *leaves: jnp.stack(leaves), *each)

    def updates(
        self,
        params: NetParams,
        inputs: Float[Array, "seed batch site pixel"],
        targets: Int[Array, "seed batch"],
        key: Array,
    ) -> Updates:
        """The gradient of the mean loss."""

        def one(params, inputs, targets, key):
            bits = jax.random.bits(key, dtype=jnp.uint32)

            def loss(params):
                return self.loss(params, inputs, targets, bits)

            (value, correct), direction = jax.value_and_grad(loss, has_aux=True)(params)
            return Updates(direction, value, correct)

        return jax.vmap(one)(params, inputs, targets, key)

    def loss(
        self, params: NetParams, inputs: Array, targets: Array, seed: Array
    ) -> tuple[Array, Array]:
        """Mean loss of a batch and the fraction of right verdicts, learning."""
        image = self.network.see(inputs)
        top = self.network.settle(params, image, seed, learning=True).state[-1]
        losses = self.readout.losses(top, image.alive, targets)
        scores = self.readout.scores(jax.lax.stop_gradient(top), image.alive)
        hits = jnp.argmax(scores, axis=-1).astype(targets.dtype) == targets
        return jnp.mean(losses), jnp.mean(hits.astype(losses.dtype))

    def scores(
        self, params: NetParams, inputs: Float[Array, "batch site pixel"]
    ) -> Float[Array, "seed batch class"]:
        """Votes, or the mean top vector."""
        image = self.network.see(inputs)
        seed = jnp.asarray(TEST_SEED, jnp.uint32)

        def one(params):
            settled = self.network.settle(params, image, seed, dropout=self.test_dropout)
            return self.readout.scores(settled.state[-1], image.alive)

        return jax.vmap(one)(params)
