"""The reference as a kernel: one example at a time, mapped over batch and seeds."""

from dataclasses import dataclass
from typing import ClassVar

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, Int

from latticework.core.cell import CellParams
from latticework.core.learner import Updates
from latticework.kernels.base import AbstractKernel, Problem, fraction_correct, split_keys


@dataclass(frozen=True)
class ReferenceKernel(AbstractKernel):
    """The definition: `rule.gradient` under `vmap`. Computes everything, slowly."""

    name: ClassVar[str] = "reference"
    problem: Problem

    @classmethod
    def refusal(cls, problem: Problem) -> str | None:
        """Nothing is refused."""
        return None

    def updates(
        self,
        params: CellParams,
        inputs: Float[Array, "seed batch time channel"],
        targets: Int[Array, "seed batch"],
        key: Array | None = None,
    ) -> Updates:
        """The rule's direction, averaged over the batch."""
        problem = self.problem

        def one(params, inputs, target, key):
            return problem.rule.gradient(
                problem.network, params, inputs, target, loss_mode=problem.loss_mode, key=key
            )

        keys = split_keys(key, *targets.shape)
        over_batch = jax.vmap(one, in_axes=(None, 0, 0, None if keys is None else 0))
        over_seeds = jax.vmap(over_batch, in_axes=(0, 0, 0, None if keys is None else 0))
        result = over_seeds(params, inputs, targets, keys)
        return Updates(
            jax.tree.map(lambda d: d.mean(axis=1), result.direction),
            result.loss.mean(axis=1),
            fraction_correct(result.readouts.sum(axis=-2), targets),
        )

    def scores(
        self, params: CellParams, inputs: Float[Array, "batch time channel"]
    ) -> Float[Array, "seed batch class"]:
        """Readouts summed over time."""

        def one(params: CellParams, inputs: Array) -> Array:
            return jnp.sum(self.problem.network.forward(params, inputs).readouts, axis=0)

        return jax.vmap(jax.vmap(one, in_axes=(None, 0)), in_axes=(0, None))(params, inputs)
