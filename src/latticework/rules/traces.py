"""Eligibility traces: the influence recursion that `hop_trace` and `rtrl` share.

With F = dy/ds, W the within-step weights and J_dj = ds_d/dtheta_j, for every kept pair (j, d):

    J_dj(t) = a_d J_dj(t-1) + sum_p (ds_d/dy_p) O_pj(t) + [d = j] I_j(t)
    O_pj(t) = F_p J_pj(t) + [p = j] dy_j/dtheta_j

and with the learning signal m = dL/dy of the step

    direction_j = sum_t m_j O_jj(t) + sum_{d != j} m_d F_d a_d J_dj(t-1)

The second sum is what lives in descendants from earlier steps; what reaches them within the step
is in m_j already.
"""

from typing import NamedTuple

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float

from latticework.core.cell import CellParams, Partials
from latticework.core.fixed_point import FixedPoint
from latticework.core.influence import InfluencePairs
from latticework.core.network import Network
from latticework.core.schedule import Messages
from latticework.core.topology import Wiring
from latticework.rules.learning_signals import reading_noise
from latticework.rules.non_idealities import RMS_FLOOR, NonIdealities, root_mean_square


class Traces(NamedTuple):
    """What is kept between steps, per parameter group.

    Args:
        influence: `[pair, ...]`, J; self pairs come first.
        idle: `[idle, ...]`, trace slots without a descendant. The published grid gives every
            cell two cross slots; noise accumulates in the unused ones, which are never read but
            count in the noise's scale. Empty without trace noise.
    """

    influence: CellParams
    idle: CellParams


class TraceUpdate(NamedTuple):
    """One step of the recursion, per parameter group.

    Args:
        traces: after the step.
        own_output: `[cell, ...]`, O_jj.
        past: `[pair - cell, ...]`, what cross pairs carry from earlier steps, as measured.
    """

    traces: Traces
    own_output: CellParams
    past: CellParams


def zero_traces(
    wiring: Wiring, pairs: InfluencePairs, params: CellParams, non_idealities: NonIdealities
) -> Traces:
    """All traces at time zero, congruent with the parameters but for the first axis."""
    has_idle = non_idealities.trace_noise > 0 and pairs.num_pairs > wiring.num_cells
    num_idle = wiring.succ[0].size - len(wiring.edges) if has_idle else 0

    def zeros(count: int) -> CellParams:
        return {name: jnp.zeros((count, *v.shape[1:]), v.dtype) for name, v in params.items()}

    return Traces(zeros(pairs.num_pairs), zeros(num_idle))


def update_traces(
    pairs: InfluencePairs,
    partials: Partials,
    traces: Traces,
    non_idealities: NonIdealities,
    key: Array | None,
) -> TraceUpdate:
    """Advance every trace by one step."""
    influence, idle, own_output, past = {}, {}, {}, {}
    for n, name in enumerate(traces.influence):
        own, own_output[name], carried, cross = _update_group(
            pairs, partials, name, traces.influence[name], non_idealities.trace_leak
        )
        noise, idle[name] = _trace_noise(cross, traces.idle[name], non_idealities, key, n)
        cross = cross + noise
        influence[name] = jnp.concatenate([own, cross])
        # (1 + bias) J(t) - inflow(t) = a J(t-1) + noise + bias J(t)
        past[name] = carried + noise + non_idealities.subtraction_bias * cross
    return TraceUpdate(Traces(influence, idle), own_output, past)


def _update_group(
    pairs: InfluencePairs, partials: Partials, name: str, influence: Array, leak: float
) -> tuple[Array, Array, Array, Array]:
    """The noiseless recursion: (self J, O_jj, what cross pairs retain, cross J)."""
    num_cells = len(partials.state_by_state)
    immediate = partials.state_by_params[name]
    dst = jnp.asarray(pairs.dst)
    tail = (1,) * (immediate.ndim - 1)  # aligns per-cell factors with a slot axis

    own = scale_rows(partials.state_by_state, influence[:num_cells]) + immediate
    own_output = scale_rows(partials.output_by_state, own) + partials.output_by_params[name]
    carried = scale_rows(
        (1 - leak) * partials.state_by_state[dst[num_cells:]], influence[num_cells:]
    )
    # One entry at the end stands for "nothing" (index -1) and for the padding of stages.
    nothing = jnp.zeros((1, *influence.shape[1:]), influence.dtype)
    by_input = jnp.concatenate([partials.state_by_input[dst], 0 * partials.state_by_input[:1]])
    slope = jnp.append(partials.output_by_state[dst], 0)
    pred_pair = jnp.concatenate(
        [jnp.asarray(pairs.pred_pair), jnp.full((1, by_input.shape[1]), -1)]
    )

    def stage(carry: tuple[Array, Array], members: Array) -> tuple[tuple[Array, Array], None]:
        new, outputs = carry
        gain = by_input[members]
        inflow = jnp.sum(gain.reshape(gain.shape + tail) * outputs[pred_pair[members]], axis=1)
        value = new[members] + inflow
        sent = scale_rows(slope[members], value)
        return (new.at[members].set(value), outputs.at[members].set(sent)), None

    start = (
        jnp.concatenate([own, carried, nothing]),
        jnp.concatenate([own_output, jnp.zeros_like(carried), nothing]),
    )
    (new, _), _ = jax.lax.scan(stage, start, jnp.asarray(pairs.cross_stages))
    return own, own_output, carried, new[num_cells:-1]


def _trace_noise(
    cross: Array, idle: Array, non_idealities: NonIdealities, key: Array | None, group: int
) -> tuple[Array | float, Array]:
    """Noise for the cross traces of one group, and the idle slots after theirs."""
    if not non_idealities.trace_noise:
        return 0.0, idle
    if key is None:
        raise ValueError("trace noise needs a random key; pass key=jax.random.key(seed)")
    slots = jnp.concatenate([cross, idle])
    rms = jnp.sqrt(jnp.mean(jnp.square(slots), axis=0, keepdims=True) + RMS_FLOOR)
    drawn = jax.random.normal(jax.random.fold_in(key, group), slots.shape, slots.dtype)
    noise = non_idealities.trace_noise * rms * drawn
    return noise[: len(cross)], idle + noise[len(cross) :]


def store_traces(traces: Traces, storage: FixedPoint, key: Array | None) -> Traces:
    """The traces as the next step finds them."""
    if storage.is_exact:
        return traces
    kept = {
        name: storage.store(value, None if key is None else jax.random.fold_in(key, n))
        for n, (name, value) in enumerate(traces.influence.items())
    }
    return traces._replace(influence=kept)


def accumulate(
    network: Network,
    pairs: InfluencePairs,
    partials: Partials,
    traces: TraceUpdate,
    messages: Messages,
    pair_messages: Float[Array, " cross_pair"],
) -> CellParams:
    """The direction of one step from its traces and messages."""
    num_cells = network.wiring.num_cells
    src, dst = (jnp.asarray(table[num_cells:]) for table in (pairs.src, pairs.dst))
    weight = pair_messages * partials.output_by_state[dst]
    return {
        name: scale_rows(messages.read, own).at[src].add(scale_rows(weight, traces.past[name]))
        for name, own in traces.own_output.items()
    }


def read_for_pairs(
    pairs: InfluencePairs,
    num_cells: int,
    messages: Messages,
    readout_gradient: Array,
    non_idealities: NonIdealities,
    key: Array | None,
) -> Float[Array, " cross_pair"]:
    """The descendants' messages as each parameter's cell reads them, with noise of its own."""
    raw = messages.raw[jnp.asarray(pairs.dst[num_cells:])]
    noise = reading_noise(len(raw), raw.dtype, non_idealities, key)
    return non_idealities.read(raw, root_mean_square(readout_gradient), noise)


def scale_rows(factor: Array, values: Array) -> Array:
    """Multiply along axis 0."""
    return factor.reshape(factor.shape + (1,) * (values.ndim - 1)) * values
