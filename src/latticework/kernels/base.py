"""What a kernel is: a fast path for some networks and rules, with the reference's signature."""

import abc
from dataclasses import dataclass
from typing import ClassVar

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, Int

from latticework.core.cell import CellParams
from latticework.core.learner import Updates
from latticework.core.loss import LossMode
from latticework.core.network import Network
from latticework.core.rule import AbstractRule


@dataclass(frozen=True)
class Problem:
    """What is to be computed: a network, a rule and a loss mode.

    Raises:
        ValueError: when the rule cannot be used on the network.
    """

    network: Network
    rule: AbstractRule
    loss_mode: LossMode

    def __post_init__(self) -> None:
        self.rule.check(self.network)


class AbstractKernel(abc.ABC):
    """A way to compute a `Problem` for a batch and several seeds; parity-tested, pure, jittable.

    A kernel is made for one problem. Parameters have a leading seed axis; their dtype decides
    the precision.
    """

    name: ClassVar[str]

    @classmethod
    @abc.abstractmethod
    def refusal(cls, problem: Problem) -> str | None:
        """Why this kernel cannot compute `problem`, in one sentence; None when it can."""

    @abc.abstractmethod
    def updates(
        self,
        params: CellParams,
        inputs: Float[Array, "seed batch time channel"],
        targets: Int[Array, "seed batch"],
        key: Array | None = None,
    ) -> Updates:
        """The rule's direction, averaged over the batch, with the mean loss and accuracy.

        `key` holds one PRNG key per seed; a rule without noise ignores it.
        """

    @abc.abstractmethod
    def scores(
        self, params: CellParams, inputs: Float[Array, "batch time channel"]
    ) -> Float[Array, "seed batch class"]:
        """Readouts summed over time."""


def fraction_correct(
    scores: Float[Array, "... batch class"], targets: Int[Array, "... batch"]
) -> Float[Array, "..."]:
    """Share of examples whose largest score (the first, on a tie) is the target's."""
    hits = jnp.argmax(scores, axis=-1).astype(targets.dtype) == targets
    return jnp.mean(hits, axis=-1, dtype=scores.dtype)


def split_keys(key: Array | None, num_seeds: int, batch: int) -> Array | None:
    """One key per seed and example, or None."""
    if key is None:
        return None
    return jax.vmap(lambda k: jax.random.split(k, batch))(key.reshape(num_seeds))
