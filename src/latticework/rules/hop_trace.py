"""RTRL with influences cut at a number of spatial hops: the published local rule and its kin."""

from dataclasses import dataclass, field

from jaxtyping import Array, Float, Int

from latticework.core.cell import CellParams
from latticework.core.checks import require
from latticework.core.fixed_point import FixedPoint
from latticework.core.loss import LossMode
from latticework.core.network import Network
from latticework.core.rule import AbstractOnlineRule, OnlineStep, ReadoutGradient, RuleResult
from latticework.rules.learning_signals import AbstractLearningSignal, Message
from latticework.rules.non_idealities import NonIdealities
from latticework.rules.online import TraceMemory, TraceRule, check_wavefront


@dataclass(frozen=True)
class HopTrace(AbstractOnlineRule):
    """Traces in a cell and in its descendants up to `hops` away; the within-step part is exact.

    `hops = 0` keeps self traces alone, `hops = 1` is the rule that grid-neurons calls "SnAP-1",
    and `hops = depth` is exact RTRL. It differs from SnAp-n of Menick et al. (arXiv:2006.07232),
    which has no message pass and counts steps of the recurrent core, not hops.

    Args:
        hops: how far traces reach, 0 or more.
        signal: how a cell learns of the error.
        non_idealities: errors of measurement; none by default.
        storage: how traces are kept from one step to the next; as they are by default.

    Cost: one trace per kept pair and parameter of the pair's source cell.

    Source: T. Pluck, grid-neurons (2026).
    """

    hops: int = 1
    signal: AbstractLearningSignal = field(default_factory=Message)
    non_idealities: NonIdealities = field(default_factory=NonIdealities)
    storage: FixedPoint = field(default_factory=FixedPoint)

    def __post_init__(self) -> None:
        require(
            self.hops >= 0,
            f"hops is {self.hops}, expected 0 (self traces), 1 (the published rule) or more",
        )

    @property
    def requires(self) -> str:
        """What the rule needs of a network."""
        return "a wavefront schedule: predecessors are seen in the same step"

    @property
    def traces(self) -> TraceRule:
        """The recursion behind the rule."""
        return TraceRule(self.hops, self.signal, self.non_idealities, self.storage)

    @property
    def is_random(self) -> bool:
        """Whether the rule draws random numbers."""
        return self.non_idealities.is_noisy or self.storage.is_random

    @property
    def needs_traces(self) -> bool:
        """Whether what happens to the traces themselves decides the direction."""
        return (
            self.non_idealities.touches_traces
            or self.non_idealities.is_noisy
            or not self.storage.is_exact
        )

    def check(self, network: Network) -> None:
        """Refuse other schedules."""
        check_wavefront("hop_trace", network)

    def exact_when(self, network: Network) -> bool:
        """When traces reach the whole depth, on a true signal and ideal hardware."""
        return self.traces.is_exact(network)

    def memory(self, network: Network, num_steps: int) -> float:
        """Traces per cell; independent of the length of the sequence."""
        return self.traces.num_traces(network) / network.wiring.num_cells

    def init_memory(self, network: Network, params: CellParams) -> TraceMemory:
        """States and traces at zero."""
        return self.traces.init_memory(network, params)

    def step(
        self,
        network: Network,
        params: CellParams,
        memory: TraceMemory,
        channels: Float[Array, " channel"],
        readout_gradient: ReadoutGradient,
        key: Array | None = None,
    ) -> OnlineStep:
        """Advance the network and the traces by one step."""
        return self.traces.step(network, params, memory, channels, readout_gradient, key)

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
        """The direction of one example."""
        return self.traces.gradient(network, params, inputs, target, loss_mode, key)
