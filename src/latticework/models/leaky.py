"""The leaky family: a network, a rule and a kernel as one learner."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property

from jaxtyping import Array, Float, Int

from latticework.core.byte_encoding import ByteEncoding
from latticework.core.cell import CellParams
from latticework.core.learner import AbstractLearner, FusedSteps, OptimiserSpec, Updates
from latticework.core.loss import LossMode, check_loss_mode
from latticework.core.network import Network
from latticework.core.rule import AbstractRule
from latticework.core.seeds import key_of, own_draws
from latticework.core.trees import stacked
from latticework.core.validation import check_encoded, check_examples
from latticework.kernels import AUTO, AbstractKernel, Problem, choose_kernel
from latticework.kernels.native_kernel import GROUPS, NativeKernel
from latticework.models.mismatch import Mismatch


@dataclass(frozen=True)
class LeakyLearner(AbstractLearner):
    """Learns sequences of channels, one class per sequence.

    Args:
        network: cell, topology, schedule, readout.
        rule: how parameters change.
        loss_mode: "sum" (published MNIST runs) or "per_t".
        kernel_name: "auto", or one of `kernels.KERNELS`.
        mismatch: fixed errors of the cells, which neither parameters nor rule know of.
        encoding: where raw inputs are bytes and encoding looks them up, what it looks up; None
            where it is anything else. With it, plain SGD on single examples runs as one compiled
            loop if the kernel has one.

    Raises:
        ValueError: when the rule or the kernel does not apply to the network.
    """

    network: Network
    rule: AbstractRule
    loss_mode: LossMode = "sum"
    kernel_name: str = AUTO
    encoding: ByteEncoding | None = None
    mismatch: Mismatch = field(default_factory=Mismatch)

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

    @property
    def num_classes(self) -> int:
        """Classes that are read."""
        return self.network.wiring.num_classes

    @own_draws()
    def init(self, seeds: Sequence[int]) -> CellParams:
        """Parameters for each seed, `[seed, cell, ...]`."""
        each = [self.network.init(key_of(seed)) for seed in seeds]
        return stacked(each)

    def updates(
        self,
        params: CellParams,
        inputs: Float[Array, "seed batch time channel"],
        targets: Int[Array, "seed batch"],
        key: Array,
    ) -> Updates:
        """The rule's direction for one batch."""
        self.network.check_inputs(inputs.shape)
        check_examples(inputs, targets, self.num_classes)
        return self._kernel.updates(self.mismatch.apply(params), inputs, targets, key)

    def scores(
        self, params: CellParams, inputs: Float[Array, "batch time channel"]
    ) -> Float[Array, "seed batch class"]:
        """Readouts summed over time."""
        self.network.check_inputs(inputs.shape)
        check_encoded(inputs)
        return self._kernel.scores(self.mismatch.apply(params), inputs)

    def fused_steps(self, optimiser: OptimiserSpec, batch_size: int) -> FusedSteps | None:
        """Plain SGD, one example at a time, where the compiled kernel has it."""
        kernel = self._kernel
        step_sizes = optimiser.plain_step_sizes(GROUPS)
        if (
            batch_size != 1
            or step_sizes is None
            or self.encoding is None
            or not self.mismatch.is_ideal
            or not isinstance(kernel, NativeKernel)
            or kernel.fused_refusal() is not None
        ):
            return None
        return kernel.fused_sgd(step_sizes, self.encoding)
