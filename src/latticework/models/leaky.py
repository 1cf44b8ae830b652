"""The leaky family: a network, a rule and a kernel as one learner."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, Int

from latticework.core.cell import CellParams
from latticework.core.learner import AbstractLearner, Updates
from latticework.core.loss import LossMode, check_loss_mode
from latticework.core.network import Network
from latticework.core.rule import AbstractRule
from latticework.kernels import AUTO, AbstractKernel, Problem, choose_kernel


@dataclass(frozen=True)
class LeakyLearner(AbstractLearner):
    """Learns sequences of channels, one class per sequence.

    Args:
        network: cell, topology, schedule, readout.
        rule: how parameters change.
        loss_mode: "sum" (published MNIST runs) or "per_t".
        kernel_name: "auto", or one of `kernels.KERNELS`.

    Raises:
        ValueError: when the rule or the kernel does not apply to the network.
    """

    network: Network
    rule: AbstractRule
    loss_mode: LossMode = "sum"
    kernel_name: str = AUTO

    def __post_init__(self) -> None:
        check_loss_mode(self.loss_mode)
        _ = self._kernel

    @cached_property
    def _kernel(self) -> AbstractKernel:
        problem = Problem(self.network, self.rule, self.loss_mode)
        return choose_kernel(problem, self.kernel_name)

    @property
    def kernel(self) -> str:
        """Name of the kernel in use."""
        return self._kernel.name

    def init(self, seeds: Sequence[int]) -> CellParams:
        """Parameters for each seed, `[seed, cell, ...]`."""
        each = [self.network.init(jax.random.key(seed)) for seed in seeds]
        return jax.tree.map(lambda *leaves: jnp.stack(leaves), *each)

    def updates(
        self,
        params: CellParams,
        inputs: Float[Array, "seed batch time channel"],
        targets: Int[Array, "seed batch"],
        key: Array,
    ) -> Updates:
        """The rule's direction for one batch."""
        self.network.check_inputs(inputs.shape)
        return self._kernel.updates(params, inputs, targets, key)

    def scores(
        self, params: CellParams, inputs: Float[Array, "batch time channel"]
    ) -> Float[Array, "seed batch class"]:
        """Readouts summed over time."""
        self.network.check_inputs(inputs.shape)
        return self._kernel.scores(params, inputs)
