"""Backpropagation through time: the true gradient, by reverse-mode autodiff."""

from dataclasses import dataclass

import jax
from jaxtyping import Array, Float, Int

from latticework.core.cell import CellParams
from latticework.core.loss import LossMode, check_loss_mode, sequence_loss
from latticework.core.network import Network
from latticework.core.rule import AbstractRule, RuleResult


@dataclass(frozen=True)
class Bptt(AbstractRule):
    """`dL/dtheta` by unrolling the whole sequence. Exact everywhere; not online.

    Memory grows with the length of the sequence: one input per slot, a state and an output per
    cell and step.
    """

    @property
    def requires(self) -> str:
        """What the rule needs of a network."""
        return "a network whose step is differentiable"

    def check(self, network: Network) -> None:
        """Nothing to refuse: every cell here is differentiable."""

    def exact_when(self, network: Network) -> bool:
        """Always."""
        return True

    def memory(self, network: Network, num_steps: int) -> float:
        """`T (slots + 2)` scalars per cell."""
        return float(num_steps * (network.wiring.num_slots + 2))

    def gradient(
        self,
        network: Network,
        params: CellParams,
        inputs: Float[Array, "time channel"],
        target: Int[Array, ""],
        *,
        loss_mode: LossMode,
        key: Array | None = None,
    ) -> RuleResult:
        """The true gradient of one example."""
        check_loss_mode(loss_mode)

        def loss(params: CellParams):
            readouts = network.forward(params, inputs).readouts
            return sequence_loss(readouts, target, loss_mode), readouts

        (value, readouts), direction = jax.value_and_grad(loss, has_aux=True)(params)
        return RuleResult(direction, value, readouts)
