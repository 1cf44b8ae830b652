"""Eligibility traces on skewed time, carried forward (XLA): any wiring, imperfect hardware too."""

from dataclasses import dataclass
from typing import ClassVar, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, Int

from latticework.core.cell import CellParams
from latticework.core.influence import InfluencePairs, influence_pairs
from latticework.core.learner import Updates
from latticework.core.loss import readout_gradient, sequence_loss
from latticework.core.topology import Wiring, kept_by_wiring
from latticework.kernels.base import AbstractKernel, Problem, fraction_correct
from latticework.kernels.skew import (
    DelayLines,
    Forward,
    SkewTables,
    delay_lines,
    forward,
    from_lanes,
    skew_tables,
    to_lanes,
)
from latticework.kernels.skewed_adjoint import direct_signal, pull, skew_signal, skewed_scores
from latticework.rules import (
    AbstractLearningSignal,
    Broadcast,
    HopTrace,
    Message,
    NonIdealities,
    Rtrl,
)
from latticework.rules.non_idealities import RMS_FLOOR


@dataclass(frozen=True)
class SkewedTracesKernel(AbstractKernel):
    """`hop_trace` and `rtrl` with their traces, as the hardware would hold them.

    Three passes: forward, messages back (within each step), traces forward. Cost and memory grow
    with the number of kept pairs.
    """

    name: ClassVar[str] = "skewed_traces"
    problem: Problem

    @classmethod
    def refusal(cls, problem: Problem) -> str | None:
        """Rules with traces, but not the noise whose scale couples all cells of a step."""
        rule = problem.rule
        if not problem.network.schedule.is_within_step:
            return "it needs a wavefront schedule"
        if isinstance(rule, Rtrl):
            return None
        if not isinstance(rule, HopTrace):
            return f"it computes rtrl and hop_trace, not {type(rule).__name__}"
        if not isinstance(rule.signal, Message | Broadcast):
            return f"it knows the signals message and broadcast, not {type(rule.signal).__name__}"
        if rule.non_idealities.trace_noise:
            return "the scale of trace noise is taken over all cells of a step at once"
        if isinstance(rule, HopTrace) and not rule.storage.is_exact:
            return "it does not round traces"
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
        tables = skew_tables(problem.network.wiring)
        lanes = to_lanes(params)
        run = forward(problem.network, tables, lanes, jnp.moveaxis(inputs, (2, 3), (0, 1)))
        signal = _Signal.of(problem, tables, run, targets, key)
        messages = _messages(problem, tables, lanes, run, signal)
        total = _traces(problem, tables, lanes, run, signal, messages)
        readouts = jnp.moveaxis(run.readouts, (0, 1), (-2, -1))
        return Updates(
            from_lanes(jax.tree.map(lambda value: value.mean(axis=-1), total)),
            sequence_loss(readouts, targets, problem.loss_mode).mean(axis=1),
            fraction_correct(readouts.sum(axis=-2), targets),
        )

    def scores(
        self, params: CellParams, inputs: Float[Array, "batch time channel"]
    ) -> Float[Array, "seed batch class"]:
        """Readouts summed over time."""
        return skewed_scores(self.problem, params, inputs)


class _Signal(NamedTuple):
    """What reaches the cells from outside, at every tick: `[tick, cell, seed, batch]`.

    `scale` is the root mean square of the step's readout gradient; `keys` are `[tick, seed]`.
    """

    direct: Array
    scale: Array
    keys: Array | None

    @staticmethod
    def of(
        problem: Problem, tables: SkewTables, run: Forward, targets: Array, key: Array | None
    ) -> "_Signal":
        num_ticks = tables.num_ticks(run.readouts.shape[0])
        readouts = jnp.moveaxis(run.readouts, (0, 1), (-2, -1))
        gradient = readout_gradient(readouts, targets, problem.loss_mode)
        scale = jnp.sqrt(jnp.mean(jnp.square(gradient), axis=-1) + RMS_FLOOR)
        scale = jnp.moveaxis(scale, -1, 0)[:, None]
        scale = jnp.broadcast_to(scale, (scale.shape[0], tables.wiring.num_cells, *scale.shape[2:]))
        if key is None:
            keys = None
        else:
            ticks = jnp.arange(num_ticks)
            over_ticks = jax.vmap(jax.random.fold_in, in_axes=(None, 0))
            keys = jax.vmap(over_ticks, in_axes=(0, None), out_axes=1)(key, ticks)
        return _Signal(
            skew_signal(tables, direct_signal(problem, run, targets), num_ticks),
            tables.skew(scale),
            keys,
        )


class _Messages(NamedTuple):
    """`[tick, cell, seed, batch]`: as they reached a cell, and as it read them."""

    raw: Array
    read: Array


def _rule_parts(problem: Problem) -> tuple[AbstractLearningSignal, NonIdealities]:
    if isinstance(problem.rule, HopTrace):
        return problem.rule.signal, problem.rule.non_idealities
    return Message(), NonIdealities()


def _noise(
    non_idealities: NonIdealities, keys: Array | None, stream: int, shape: tuple[int, ...], dtype
) -> Array | float:
    """Standard normal `[item, seed, batch]` for one tick, or nothing when reading is exact."""
    if not non_idealities.message_noise:
        return 0.0
    if keys is None:
        raise ValueError("message noise needs random keys; pass one key per seed")
    items, _, batch = shape

    def one(key: Array) -> Array:
        return jax.random.normal(jax.random.fold_in(key, stream), (items, batch), dtype)

    return jax.vmap(one, out_axes=1)(keys)


def _messages(
    problem: Problem, tables: SkewTables, params: CellParams, run: Forward, signal: _Signal
) -> _Messages:
    """The within-step adjoint at every tick, successors first."""
    cell = problem.network.cell
    source, ideal = _rule_parts(problem)
    lanes, dtype = run.readouts.shape[2:], run.readouts.dtype
    valid = tables.valid(run.readouts.shape[0])

    def tick(memory: Array, now: tuple):
        visible, state, is_valid, at = now
        p = cell.partials(params, state, visible[tables.source])
        raw = at.direct + pull(tables, memory[None])[0] if source.is_exact else at.direct
        noise = _noise(ideal, at.keys, 0, raw.shape, dtype)
        read = ideal.read(raw, at.scale, noise)
        delta = jnp.where(is_valid[:, None, None], read * p.output_by_state, 0)
        sent = (delta[:, None] * p.state_by_input).reshape(-1, *lanes)
        return tables.sent.shift(sent, memory), _Messages(raw, read)

    start = jnp.zeros((tables.sent.size, *lanes), dtype)
    now = (run.visible, run.prev_state, valid, signal)
    return jax.lax.scan(tick, start, now, reverse=True)[1]


@dataclass(frozen=True, eq=False)
class _PairTables:
    """Kept pairs on skewed time; `inflow[pair, slot]` indexes the delay lines and one zero."""

    pairs: InfluencePairs
    outputs: DelayLines
    inflow: np.ndarray


@kept_by_wiring
def _pair_tables(wiring: Wiring, hops: int) -> _PairTables:
    pairs = influence_pairs(wiring, min(hops, wiring.max_depth))
    pair, slot = np.nonzero(pairs.pred_pair >= 0)
    source = pairs.pred_pair[pair, slot]
    lag = wiring.depth[pairs.dst[pair]] - wiring.depth[pairs.dst[source]]
    outputs = delay_lines(pairs.num_pairs, source, lag)
    inflow = np.full(pairs.pred_pair.shape, outputs.size)
    inflow[pair, slot] = outputs.where
    return _PairTables(pairs, outputs, inflow)


def _traces(
    problem: Problem,
    tables: SkewTables,
    params: CellParams,
    run: Forward,
    signal: _Signal,
    messages: _Messages,
) -> CellParams:
    """Directions `[cell, ..., seed, batch]`, by the recursion of `rules.traces`."""
    network, rule = problem.network, problem.rule
    wiring, num_cells = network.wiring, network.wiring.num_cells
    hops = rule.hops if isinstance(rule, HopTrace) else wiring.max_depth
    pair_tables = _pair_tables(wiring, hops)
    pairs = pair_tables.pairs
    _, ideal = _rule_parts(problem)
    lanes, dtype = run.readouts.shape[2:], run.readouts.dtype
    num_steps = run.readouts.shape[0]
    dst = pairs.dst

    def tick(carry, now):
        visible, state, started, is_valid, at, message = now
        p = network.cell.partials(params, state, visible[tables.source])
        noise = _noise(ideal, at.keys, 1, (len(dst) - num_cells, *lanes), dtype)
        for_pairs = ideal.read(message.raw[dst[num_cells:]], at.scale[dst[num_cells:]], noise)
        weight = jnp.concatenate([message.read, for_pairs * p.output_by_state[dst[num_cells:]]])
        weight = jnp.where(is_valid[dst][:, None, None], weight, 0)
        past_start = started[dst]
        return {
            name: _advance_group(pair_tables, p, name, group, weight, past_start, ideal)
            for name, group in carry.items()
        }, None

    def zeros(items: int, like: Array) -> Array:
        return jnp.zeros((items, *like.shape[1:-2], *lanes), dtype)

    start = {
        name: (
            zeros(pairs.num_pairs, value),
            zeros(pair_tables.outputs.size, value),
            zeros(pairs.num_pairs, value),
        )
        for name, value in params.items()
    }
    ticks = (tables.started(num_steps), tables.valid(num_steps))
    now = (run.visible, run.prev_state, *ticks, signal, messages)
    end = jax.lax.scan(tick, start, now)[0]
    return {
        name: jnp.zeros((num_cells, *total.shape[1:]), dtype).at[pairs.src].add(total)
        for name, (_, _, total) in end.items()
    }


def _advance_group(
    tables: _PairTables, p, name: str, group, weight: Array, past_start: Array, ideal: NonIdealities
):
    """One tick of one parameter group: (J, delay lines of O, summed direction per pair)."""
    influence, memory, total = group
    num_cells = len(p.state_by_state)
    dst = tables.pairs.dst[num_cells:]
    extra = influence.ndim - 3  # a slot axis between pair and lanes

    def line_up(values: Array) -> Array:
        return values.reshape(values.shape[:1] + (1,) * extra + values.shape[1:])

    influence = jnp.where(line_up(past_start[:, None, None]), influence, 0)
    own = line_up(p.state_by_state) * influence[:num_cells] + p.state_by_params[name]
    own_output = line_up(p.output_by_state) * own + p.output_by_params[name]
    carried = (1 - ideal.trace_leak) * line_up(p.state_by_state[dst]) * influence[num_cells:]
    visible = jnp.concatenate([memory, jnp.zeros_like(memory[:1])])
    cross = carried
    for slot in range(tables.inflow.shape[1]):
        gain = line_up(p.state_by_input[dst, slot])
        cross = cross + gain * visible[tables.inflow[num_cells:, slot]]
    outputs = jnp.concatenate([own_output, line_up(p.output_by_state[dst]) * cross])
    counted = jnp.concatenate([own_output, carried + ideal.subtraction_bias * cross])
    return (
        jnp.concatenate([own, cross]),
        tables.outputs.shift(outputs, memory),
        total + line_up(weight) * counted,
    )
