"""Accuracy on test examples, for all seeds at once."""

from collections.abc import Callable

import jax
import jax.numpy as jnp
import numpy as np
from jax import lax
from jaxtyping import Array

from latticework.core.learner import AbstractLearner, Params
from latticework.train.parallel import Team


class Evaluator:
    """Adds up points (right predictions) on any choice of the test examples, with one compilation.

    Args:
        learner: says what an example counts.
        encode: raw inputs to what the learner takes.
        inputs: raw test inputs `[example, ...]`.
        targets: integer classes `[example]`.
        batch: examples that are scored at once.
        team: who takes turns with the batches; None for one device.
    """

    def __init__(
        self,
        learner: AbstractLearner,
        encode: Callable[[Array], Array],
        inputs: np.ndarray,
        targets: np.ndarray,
        batch: int,
        team: Team | None = None,
    ) -> None:
        self.score_name = learner.score_name
        self._team = team or Team.alone()
        self._inputs = self._team.place(jnp.asarray(inputs))
        self._targets = self._team.place(jnp.asarray(targets, dtype=jnp.int32))
        self._batch = min(batch, len(targets))
        self._count = jax.jit(self._team.on_each(_counter(learner, encode, self._team)))

    @property
    def num_examples(self) -> int:
        """Number of test examples there are."""
        return self._targets.shape[0]

    def accuracy(self, params: Params, examples: np.ndarray | None = None) -> np.ndarray:
        """Mean points per seed, float64 `[seed]`: mostly the fraction of right predictions.

        Args:
            params: the learner's parameters.
            examples: indices of the examples to use, None for all.
        """
        chosen = np.arange(self.num_examples) if examples is None else examples
        # Every choice fills the same table, so that subset and whole set share one program.
        rows = -(-self.num_examples // self._batch)
        table = np.zeros((rows, self._batch), np.int32)
        table.reshape(-1)[: len(chosen)] = chosen
        size = np.int32(len(chosen))
        params = self._team.place(params)
        counts = self._count(params, self._inputs, self._targets, table, size)
        return np.asarray(counts, np.float64) / max(len(chosen), 1)

    def compile(self, params: Params) -> None:
        """Compile now, by counting nothing."""
        jax.block_until_ready(self.accuracy(params, np.zeros(0, np.int32)))


def _counter(learner: AbstractLearner, encode: Callable[[Array], Array], team: Team):
    """`(params, inputs, targets, table, size)` to points per seed (exact where they are 0 or 1).

    The first `size` entries of the table, in row-major order, are examples; the rest is padding.
    """

    def count(params: Params, inputs: Array, targets: Array, table: Array, size: Array) -> Array:
        batch = table.shape[1]
        seeds = jax.tree.leaves(params)[0].shape[0]

        def row(turn: Array, total: Array) -> Array:
            number = turn if team.is_alone else turn * team.size + team.number()
            index = table[number]
            points = learner.points(params, encode(inputs[index]), targets[index])
            real = number * batch + jnp.arange(batch, dtype=jnp.int32) < size
            counted = jnp.where(real[None], points.astype(jnp.float32), jnp.zeros((), jnp.float32))
            return total + jnp.sum(counted, axis=1)

        rows = (size + batch - 1) // batch
        turns = rows if team.is_alone else (rows + team.size - 1 - team.number()) // team.size
        start = jnp.zeros(seeds, jnp.float32)
        return team.total(lax.fori_loop(jnp.zeros_like(turns), turns, row, start))

    return count
