"""A 4x4 grid, step by step: activity, traces, messages, losses and gradients."""

from collections.abc import Callable, Iterator
from functools import lru_cache
from typing import NamedTuple, get_args

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array

from latticework.core.cell import CellParams
from latticework.core.influence import InfluencePairs
from latticework.core.loss import LossMode, readout_gradient, sequence_loss
from latticework.core.network import Network
from latticework.core.rule import AbstractOnlineRule
from latticework.rules import Bptt, HopTrace, Message, NonIdealities, Rtrl
from latticework.topologies.grid import LEFT, TOP
from latticework.verify.archive import Archive
from latticework.verify.families import Context
from latticework.verify.grid.parameters import (
    GROUPS,
    compare_array,
    compare_groups,
    published_group,
    stored_network,
    stored_params,
    stored_target,
)
from latticework.verify.outcomes import Check

PUBLISHED = HopTrace(hops=1)


class _Moment(NamedTuple):
    """What is seen of one step, or with a leading time axis of many."""

    inputs: Array
    state: Array
    output: Array
    readout: Array
    message: Array
    influence: CellParams
    direction: CellParams


def replay_small(golden: Archive, context: Context) -> Iterator[Check]:
    """Every array of a `small_4x4_*` file."""
    del context
    network = stored_network(golden)
    params = stored_params(golden, network.wiring.num_cells)
    shape = (golden.count("T"), network.wiring.num_channels)
    inputs = jnp.asarray(golden.array("seq", shape))
    target = stored_target(golden, network.wiring.num_classes)
    silent = np.zeros((shape[0], network.wiring.num_classes))
    seen = _run(network, PUBLISHED, params, inputs, silent)
    yield from _activity(golden, params, seen)
    yield from _traces(golden, network, params, seen)
    exact, routing = _exact_gradients(network, params, inputs, target)
    yield compare_array(golden, "bptt_sum_routing", routing)
    for mode, gradient in exact.items():
        yield from compare_groups(golden, f"bptt_{mode}_", gradient)
        yield compare_array(golden, f"loss_{mode}", sequence_loss(seen.readout, target, mode))
        signal = np.asarray(readout_gradient(seen.readout, target, mode))
        yield from _learning(golden, network, params, inputs, signal, mode)


def _activity(golden: Archive, params: CellParams, seen: _Moment) -> Iterator[Check]:
    yield compare_array(golden, "s", seen.state)
    yield compare_array(golden, "y", seen.output)
    yield compare_array(golden, "drive", np.sum(seen.inputs * params["weight"][None], axis=-1))
    yield compare_array(golden, "rates", seen.readout)
    yield compare_array(golden, "readout", seen.readout.sum(axis=0))


def _traces(
    golden: Archive, network: Network, params: CellParams, seen: _Moment
) -> Iterator[Check]:
    """Self traces, then cross traces in the published slots (0: below, 1: right)."""
    num_cells = network.wiring.num_cells
    own = {name: np.asarray(value)[:, :num_cells] for name, value in seen.influence.items()}
    yield compare_array(golden, "e_left", own["weight"][..., LEFT])
    yield compare_array(golden, "e_top", own["weight"][..., TOP])
    # Stored by the time constant itself; dlog_tau = dtau / tau.
    yield compare_array(golden, "eta_tau", own["log_tau"] / np.exp(params["log_tau"]))
    pairs = PUBLISHED.traces.pairs(network)
    for name in GROUPS:
        values = published_group(seen.influence, name)
        yield compare_array(golden, f"x_{name}", _published_slots(network, pairs, values))


def _published_slots(network: Network, pairs: InfluencePairs, values: np.ndarray) -> np.ndarray:
    """Cross traces `[time, pair]` as `[time, cell, slot]`; slots without a successor stay 0."""
    num_cells = network.wiring.num_cells
    src, dst = pairs.src[num_cells:], pairs.dst[num_cells:]
    # A cell is above its successor when it enters there from the top.
    entered_from_top = network.wiring.pred[dst, TOP] == src
    slots = np.zeros((len(values), num_cells, 2))
    slots[:, src, np.where(entered_from_top, 0, 1)] = values[:, num_cells:]
    return slots


def _learning(
    golden: Archive,
    network: Network,
    params: CellParams,
    inputs: Array,
    signal: np.ndarray,
    mode: LossMode,
) -> Iterator[Check]:
    """Messages and the gradients of the rules with traces, for one loss mode's signal."""
    seen = _run(network, PUBLISHED, params, inputs, signal)
    yield compare_array(golden, f"msg_{mode}", seen.message)
    yield from compare_groups(golden, f"snap_{mode}_", _over_time(seen.direction))
    forward_mode = _run(network, Rtrl(), params, inputs, signal).direction
    for check in compare_groups(golden, f"bptt_{mode}_", _over_time(forward_mode)):
        yield Check(f"{check.quantity} by rtrl", check.error, check.tolerance)


def _run(
    network: Network,
    rule: AbstractOnlineRule,
    params: CellParams,
    inputs: Array,
    signal: np.ndarray,
) -> _Moment:
    """Every moment of a sequence; a Python loop, so that all lengths share one compilation."""
    memory, moments = rule.init_memory(network, params), []
    step = _step(network, rule)
    for channels, gradient in zip(inputs, signal, strict=True):
        memory, moment = step(params, memory, channels, gradient)
        moments.append(moment)
    return jax.tree.map(lambda *values: np.stack(values), *moments)


@lru_cache(maxsize=8)
def _step(network: Network, rule: AbstractOnlineRule) -> Callable:
    """One step of `rule` with a given readout gradient, and what can be seen of it."""
    wiring, cell = network.wiring, network.cell

    def step(params: CellParams, memory, channels: Array, gradient: Array):
        now = network.schedule.step(cell, wiring, params, memory.state, channels)
        partials = cell.partials(params, memory.state, now.inputs)
        message = Message().compute(network, partials, gradient, NonIdealities(), None).raw
        after, readout, direction = rule.step(network, params, memory, channels, lambda _: gradient)
        influence = after.traces.influence
        seen = _Moment(now.inputs, now.state, now.output, readout, message, influence, direction)
        return after, seen

    return jax.jit(step)


def _exact_gradients(
    network: Network, params: CellParams, inputs: Array, target: Array
) -> tuple[dict[LossMode, CellParams], Array]:
    """By `bptt` for each loss mode; and that of the summed loss by a matrix on the inputs."""

    def loss(matrix: Array, params: CellParams, inputs: Array, target: Array) -> Array:
        readouts = network.forward(params, inputs @ matrix.T).readouts
        return sequence_loss(readouts, target, "sum")

    @jax.jit
    def everything(matrix: Array, *example):
        exact = {
            mode: Bptt().gradient(network, *example, loss_mode=mode).direction
            for mode in get_args(LossMode)
        }
        return exact, jax.grad(loss)(matrix, *example)

    return everything(jnp.eye(network.wiring.num_channels), params, inputs, target)


def _over_time(direction: CellParams) -> CellParams:
    return {name: value.sum(axis=0) for name, value in direction.items()}
