"""Real-time recurrent learning: every influence is kept, so the direction is the true gradient."""

from dataclasses import dataclass

from jaxtyping import Array, Float, Int

from latticework.core.cell import CellParams
from latticework.core.checks import require
from latticework.core.fixed_point import FixedPoint
from latticework.core.loss import LossMode
from latticework.core.network import Network
from latticework.core.rule import AbstractOnlineRule, OnlineStep, ReadoutGradient, RuleResult
from latticework.rules.learning_signals import Message
from latticework.rules.non_idealities import NonIdealities
from latticework.rules.online import TraceMemory, TraceRule, check_wavefront

MAX_TRACES = 50_000_000
"""Refuse networks beyond this many traces (200 MB in float32, for one example)."""


@dataclass(frozen=True)
class Rtrl(AbstractOnlineRule):
    """Exact forward-mode learning: `J(t) = (Id - C W F)^-1 (A J(t-1) + I(t))`.

    Influences are kept for every descendant of every cell and for nothing else, which is all
    that can be non-zero. Equals `bptt`, with constant memory in time.

    Reference: Williams and Zipser 1989, doi:10.1162/neco.1989.1.2.270.
    """

    @property
    def requires(self) -> str:
        """What the rule needs of a network."""
        return (
            "a wavefront schedule: predecessors are seen in the same step; "
            f"at most {MAX_TRACES:,} traces"
        )

    def traces(self, network: Network) -> TraceRule:
        """The recursion behind the rule: traces as far as the network is deep."""
        return TraceRule(network.wiring.max_depth, Message(), NonIdealities(), FixedPoint())

    def check(self, network: Network) -> None:
        """Refuse other schedules, and networks whose influence would not fit in memory."""
        check_wavefront("rtrl", network)
        count = self.traces(network).num_traces(network)
        require(
            count <= MAX_TRACES,
            f"rtrl would keep {count:,} traces per example, more than {MAX_TRACES:,}; "
            "use hop_trace with a few hops, or bptt",
        )

    def exact_when(self, network: Network) -> bool:
        """Always."""
        return True

    def memory(self, network: Network, num_steps: int) -> float:
        """Traces per cell; independent of the length of the sequence."""
        return self.traces(network).num_traces(network) / network.wiring.num_cells

    def init_memory(self, network: Network, params: CellParams) -> TraceMemory:
        """States and traces at zero."""
        return self.traces(network).init_memory(network, params)

    def step(
        self,
        network: Network,
        params: CellParams,
        memory: TraceMemory,
        channels: Float[Array, " channel"],
        readout_gradient: ReadoutGradient,
        key: Array | None = None,
    ) -> OnlineStep:
        """Advance the network and the influence by one step."""
        return self.traces(network).step(network, params, memory, channels, readout_gradient, key)

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
        return self.traces(network).gradient(network, params, inputs, target, loss_mode, key)
