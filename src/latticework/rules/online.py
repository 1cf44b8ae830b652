"""The arithmetic that `hop_trace` and `rtrl` share: traces meet learning signals, step by step."""

from dataclasses import dataclass
from typing import NamedTuple

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, Int

from latticework.core.cell import CellParams
from latticework.core.checks import require
from latticework.core.fixed_point import FixedPoint
from latticework.core.influence import InfluencePairs, influence_pairs, reaches_everything
from latticework.core.loss import LossMode, check_loss_mode, error, sequence_loss
from latticework.core.network import Network
from latticework.core.rule import OnlineStep, ReadoutGradient, RuleResult
from latticework.core.seeds import key_of
from latticework.rules.learning_signals import AbstractLearningSignal
from latticework.rules.non_idealities import NonIdealities
from latticework.rules.traces import (
    Traces,
    accumulate,
    read_for_pairs,
    store_traces,
    update_traces,
    zero_traces,
)

STORE_STREAM = 3
"""The random numbers of a step come in streams: traces, signal, pairs, and rounding."""


class TraceMemory(NamedTuple):
    """What an online rule keeps between steps.

    Args:
        state: `[cell]`.
        traces: the eligibility traces.
    """

    state: Array
    traces: Traces


@dataclass(frozen=True)
class TraceRule:
    """Traces within `hops`, a learning signal, how imperfect the hardware is, how it stores."""

    hops: int
    signal: AbstractLearningSignal
    non_idealities: NonIdealities
    storage: FixedPoint

    def pairs(self, network: Network) -> InfluencePairs:
        """The kept influences; reaching further than the network is deep changes nothing."""
        return influence_pairs(network.wiring, min(self.hops, network.wiring.max_depth))

    def is_exact(self, network: Network) -> bool:
        """Whether every influence is kept, the signal true and the hardware ideal."""
        return (
            self.signal.exact_when(network)
            and self.non_idealities.is_ideal
            and self.storage.is_exact
            and reaches_everything(network.wiring, self.hops)
        )

    def num_traces(self, network: Network) -> int:
        """Traces kept: one per pair and parameter of its source cell."""
        params = jax.eval_shape(lambda: network.init(key_of(0)))
        slots = network.wiring.has_weight.sum(axis=1)
        num_per_cell = sum(value.ndim == 1 for value in params.values())
        num_per_slot = sum(value.ndim == 2 for value in params.values())
        per_source = num_per_cell + num_per_slot * slots
        return int(per_source[self.pairs(network).src].sum())

    def init_memory(self, network: Network, params: CellParams) -> TraceMemory:
        """States and traces at zero."""
        traces = zero_traces(network.wiring, self.pairs(network), params, self.non_idealities)
        return TraceMemory(network.zero_state(params), traces)

    def step(
        self,
        network: Network,
        params: CellParams,
        memory: TraceMemory,
        channels: Float[Array, " channel"],
        readout_gradient: ReadoutGradient,
        key: Array | None,
    ) -> OnlineStep:
        """One step: sweep forward, update traces, get the signal, multiply."""
        wiring, pairs = network.wiring, self.pairs(network)
        trace_key, signal_key, pair_key = (
            (None,) * 3 if key is None else tuple(jax.random.split(key, 3))
        )
        store_key = None if key is None else jax.random.fold_in(key, STORE_STREAM)
        now = network.schedule.step(network.cell, wiring, params, memory.state, channels)
        readout = network.readout.read(wiring, now.output)
        gradient = readout_gradient(readout)
        partials = network.cell.partials(params, memory.state, now.inputs)
        update = update_traces(pairs, partials, memory.traces, self.non_idealities, trace_key)
        messages = self.signal.compute(network, partials, gradient, self.non_idealities, signal_key)
        for_pairs = read_for_pairs(
            pairs, wiring.num_cells, messages, gradient, self.non_idealities, pair_key
        )
        direction = accumulate(network, pairs, partials, update, messages, for_pairs)
        kept = store_traces(update.traces, self.storage, store_key)
        return OnlineStep(TraceMemory(now.state, kept), readout, direction)

    def gradient(
        self,
        network: Network,
        params: CellParams,
        inputs: Float[Array, "time channel"],
        target: Int[Array, ""],
        loss_mode: LossMode,
        key: Array | None,
    ) -> RuleResult:
        """The direction of one example, by running the steps.

        In `sum` mode the readout gradient depends on the whole sequence: it is swept once before.
        """
        check_loss_mode(loss_mode)
        num_steps = inputs.shape[0]
        if loss_mode == "sum":
            total = network.forward(params, inputs).readouts.sum(axis=0)
            at_once = error(total, target)

        def readout_gradient(readout: Array) -> Array:
            return at_once if loss_mode == "sum" else error(readout, target) / num_steps

        def step(carry: tuple[TraceMemory, CellParams], now: tuple[Array, Array | None]):
            memory, total = carry
            memory, readout, direction = self.step(
                network, params, memory, now[0], readout_gradient, now[1]
            )
            return (memory, jax.tree.map(jnp.add, total, direction)), readout

        network.check_inputs(inputs.shape)
        keys = None if key is None else jax.random.split(key, num_steps)
        start = (self.init_memory(network, params), jax.tree.map(jnp.zeros_like, params))
        (_, direction), readouts = jax.lax.scan(step, start, (inputs, keys))
        return RuleResult(direction, sequence_loss(readouts, target, loss_mode), readouts)


def check_wavefront(rule: str, network: Network) -> None:
    """Refuse a network whose cells do not see their predecessors within the step."""
    require(
        network.schedule.is_within_step,
        f"{rule} needs a wavefront schedule, where predecessors are seen in the same step; got "
        f"{type(network.schedule).__name__}; use Wavefront, or the rule bptt",
    )
