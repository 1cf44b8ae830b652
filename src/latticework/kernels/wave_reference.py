"""Waves in XLA: one product and one search per column; the arithmetic that others are tested by."""

from dataclasses import dataclass
from typing import ClassVar, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jax import lax
from jaxtyping import Array, UInt32

from latticework.cells.temporal_neuron import earliest, priorities, slipping
from latticework.core import chance, spikes
from latticework.kernels.wave_problem import (
    AbstractWaveKernel,
    WaveProblem,
    WaveResult,
    Weights,
)
from latticework.topologies.columns import Column

STEPS_PER_WAVE = spikes.MAX_WAVE_LENGTH
"""Moments per wave, for the draws."""

Trains = dict[str, Array]


class WaveState(NamedTuple):
    """What lasts from one wave of an example to the next.

    Args:
        last: trains of the wave before, by population.
        kept: what the buffers will show, by buffer.
    """

    last: Trains
    kept: Trains


class Moment(NamedTuple):
    """What the draws of a wave depend on."""

    key: UInt32[Array, "2"]
    example: Array
    wave: Array


@dataclass(frozen=True)
class ReferenceWaveKernel(AbstractWaveKernel):
    """Any wiring, any rule, float32 or float64."""

    name: ClassVar[str] = "reference"
    problem: WaveProblem

    @classmethod
    def refusal(cls, problem: WaveProblem) -> str | None:
        """It computes everything."""
        del problem
        return None

    def run(
        self,
        weights: Weights,
        trains: UInt32[Array, "shown example wave channel"],
        keys: UInt32[Array, "seed 2"],
        first: Array | int,
        *,
        learns: bool,
        record: tuple[str, ...] | None = None,
    ) -> WaveResult:
        """A scan over waves in a scan over examples, seed after seed."""
        wanted = self.problem.wiring.read if record is None else record

        def one_seed(args):
            weights, trains, key = args
            numbers = jnp.asarray(first, jnp.uint32) + jnp.arange(len(trains), dtype=jnp.uint32)

            def one_example(weights: Weights, args):
                rows, number = args
                weights, seen = show(self.problem, weights, rows, key, number, learns=learns)
                return weights, _side_by_side(seen, wanted, rows.shape[0])

            return lax.scan(one_example, weights, (trains, numbers))

        each = jnp.broadcast_to(trains, (keys.shape[0], *trains.shape[1:]))
        return WaveResult(*lax.map(one_seed, (weights, each, keys)))


def _side_by_side(seen: Trains, wanted: tuple[str, ...], num_waves: int) -> Array:
    if not wanted:
        return jnp.zeros((num_waves, 0), jnp.uint32)
    return jnp.concatenate([seen[name] for name in wanted], axis=-1)


def show(
    problem: WaveProblem,
    weights: Weights,
    rows: UInt32[Array, "wave channel"],
    key: UInt32[Array, "2"],
    example: Array,
    *,
    learns: bool,
) -> tuple[Weights, Trains]:
    """Show one example from the zero state; the weights after it and all trains `[wave, unit]`."""
    numbers = jnp.arange(rows.shape[0], dtype=jnp.uint32)

    def step(carry, now):
        state, weights = carry
        channels, wave = now
        moment = Moment(key, example, wave)
        state, weights, seen = advance(problem, state, weights, channels, moment, learns=learns)
        return (state, weights), seen

    (_, weights), seen = lax.scan(step, (zero_state(problem), weights), (rows, numbers))
    return weights, seen


def zero_state(problem: WaveProblem) -> WaveState:
    """Before the first wave of an example: no spike anywhere."""
    silent = {name: jnp.zeros(size, jnp.uint32) for name, size in problem.sizes.items()}
    kept = {buffer.name: silent[buffer.name] for buffer in problem.wiring.buffers}
    return WaveState(silent, kept)


def advance(
    problem: WaveProblem,
    state: WaveState,
    weights: Weights,
    channels: UInt32[Array, " channel"],
    moment: Moment,
    *,
    learns: bool,
) -> tuple[WaveState, Weights, Trains]:
    """One wave: the state and the weights after it, and the trains of all populations."""
    wiring, length = problem.wiring, problem.schedule.length
    seen: Trains = {
        part.name: channels[part.channels(problem.num_channels)] for part in wiring.inputs
    }
    seen |= state.kept

    def shown(source: str) -> Array:
        last = state.last[source]
        if problem.schedule.separate_waves:
            last = jnp.zeros_like(last)
        return spikes.delayed(seen[source], last, length)

    for column in wiring.ordered_columns():
        drive = _drive(problem, column, weights, shown)
        seen[column.name] = fire(problem, column, drive, moment)
    kept = {
        buffer.name: shown(buffer.of) if problem.heights[buffer.name] else seen[buffer.name]
        for buffer in wiring.buffers
    }
    if learns:
        weights = _learn(problem, weights, seen, moment)
    return WaveState({name: seen[name] for name in state.last}, kept), weights, seen


def _drive(problem: WaveProblem, column: Column, weights: Weights, shown) -> Array:
    """What reaches each neuron at each step, `[step, neuron]`."""
    length = problem.schedule.length
    total = None
    for link in problem.wiring.links:
        if link.target != column.name:
            continue
        matrix = weights[link.block]
        on = spikes.frames(shown(link.source), length).astype(matrix.dtype)
        height = jnp.asarray(problem.heights[link.source], matrix.dtype)
        part = jnp.matmul(on, matrix, precision=lax.Precision.HIGHEST) * height
        total = part if total is None else total + part
    return jnp.zeros((length, column.size), jnp.float32) if total is None else total


def fire(problem: WaveProblem, column: Column, drive: Array, moment: Moment) -> Array:
    """The trains of a column."""
    time, fires = firing(problem, column, drive, moment)
    end = problem.schedule.last_step
    on = lax.shift_left(
        jnp.full(time.shape, spikes.full_train(end), jnp.uint32),
        jnp.clip(time, 0, end - 1).astype(jnp.uint32),
    )
    return jnp.where(fires & (time < end), on & jnp.uint32(spikes.full_train(end)), jnp.uint32(0))


def firing(
    problem: WaveProblem, column: Column, drive: Array, moment: Moment
) -> tuple[Array, Array]:
    """When each neuron of a column fires, and whether it does."""
    schedule, winners = problem.schedule, column.winners
    stream = len(problem.wiring.links) + problem.wiring.populations.index(column.name)

    def priority_at(step: Array) -> Array:
        if schedule.tie_break == "first":
            return priorities(None, column.size)
        at = moment.wave * jnp.uint32(STEPS_PER_WAVE) + jnp.asarray(step).astype(jnp.uint32)
        drawn = chance.stream_key(moment.key, moment.example, at, stream)
        return priorities(chance.words(drawn, column.size), column.size)

    if winners is None or winners >= column.size or schedule.right_winners:
        return earliest(drive, column.threshold, winners, priority_at(jnp.uint32(0)))
    return slipping(drive, column.threshold, winners, priority_at)


def _learn(problem: WaveProblem, weights: Weights, seen: Trains, moment: Moment) -> Weights:
    """All links with a rule, one after the other."""
    counts = {name: spikes.counts(trains) for name, trains in seen.items()}
    new = dict(weights)
    at = moment.wave * jnp.uint32(STEPS_PER_WAVE)
    for number, link in enumerate(problem.wiring.links):
        if link.rule is None:
            continue
        matrix = new[link.block]
        stream = chance.stream_key(moment.key, moment.example, at, number)
        draws = chance.uniforms(stream, int(np.prod(matrix.shape))).reshape(matrix.shape)
        new[link.block] = link.rule.step(
            matrix,
            counts[link.source],
            counts[link.target],
            draws.astype(matrix.dtype),
            problem.lag_of(link.source),
        )
    return new


def jitted_advance(problem: WaveProblem, *, learns: bool):
    """One wave as a compiled function `(state, weights, channels, moment)`."""

    @jax.jit
    def run(state: WaveState, weights: Weights, channels: Array, moment: Moment):
        return advance(problem, state, weights, channels, moment, learns=learns)

    return run
