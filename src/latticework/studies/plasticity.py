"""What a rule of plasticity is expected to do, wave by wave and case by case."""

import functools
from collections.abc import Mapping

import jax
import jax.numpy as jnp
import numpy as np
from jax import lax
from jaxtyping import Array, Float, Int, UInt32

from latticework.core import spikes
from latticework.kernels.wave_problem import WaveProblem, Weights
from latticework.kernels.wave_reference import Moment, advance, zero_state
from latticework.rules import Stdp

CASES = ("capture", "minus", "search", "backoff")


def case_table(x: Int[Array, " source"], y: Int[Array, " target"], lag: int) -> Array:
    """Which case each weight is in during one wave, bool `[case, source, target]`.

    Args:
        x: steps that each source was on.
        y: steps that each target was on.
        lag: see `rules.Stdp`.
    """
    heard, fired = (x > 0)[:, None], (y > 0)[None]
    captures = x[:, None] >= y[None] + lag
    return jnp.stack(
        [heard & fired & captures, heard & fired & ~captures, heard & ~fired, ~heard & fired]
    )


def expected_changes(
    problem: WaveProblem, weights: Weights, counts: Mapping[str, Int[Array, " unit"]]
) -> dict[str, Float[Array, " case"]]:
    """Expected change per weight of one wave, by case, of every link that learns by `stdp`.

    The clamp is part of it: a weight at its bound cannot go beyond.

    Args:
        problem: the network.
        weights: before the wave, `[source, target]` by block.
        counts: steps that each unit was on in the wave, by population.
    """
    found = {}
    for link in problem.wiring.links:
        rule = link.rule
        if not isinstance(rule, Stdp):
            continue
        w, x, y = weights[link.block], counts[link.source], counts[link.target]
        lag = problem.lag_of(link.source)
        direction, probability = rule.probabilities(w, x, y, lag)
        moved = jnp.clip(w + direction.astype(w.dtype), 0, jnp.asarray(rule.w_max, w.dtype)) - w
        table = case_table(x, y, lag)
        found[link.name] = jnp.mean(table * (probability * moved)[None], axis=(1, 2))
    return found


@functools.partial(jax.jit, static_argnums=0)
def expected_in_image(
    problem: WaveProblem,
    weights: Weights,
    rows: UInt32[Array, "wave channel"],
    key: UInt32[Array, "2"],
    example: Array,
) -> dict[str, Float[Array, " case"]]:
    """Mean over the waves of one image of the expected change, while the network learns from it.

    Every wave's expectation is taken from the weights just before it.
    """
    numbers = jnp.arange(rows.shape[0], dtype=jnp.uint32)

    def step(carry, now):
        state, weights = carry
        channels, wave = now
        moment = Moment(key, example, wave)
        state, new, seen = advance(problem, state, weights, channels, moment, learns=True)
        counts = {name: spikes.counts(trains) for name, trains in seen.items()}
        return (state, new), expected_changes(problem, weights, counts)

    _, hoped = lax.scan(step, (zero_state(problem), weights), (rows, numbers))
    return {name: values.mean(axis=0) for name, values in hoped.items()}


def shares(problem: WaveProblem, counts: Mapping[str, np.ndarray]) -> dict[str, dict[str, float]]:
    """How often a weight of each link is in each case, per wave.

    Args:
        problem: the network.
        counts: steps that each unit was on, `[wave, unit]` by population.
    """
    found = {}
    for link in problem.wiring.links:
        lag = problem.lag_of(link.source)
        x, y = jnp.asarray(counts[link.source]), jnp.asarray(counts[link.target])
        found[link.name] = dict(zip(CASES, _mean_shares(x, y, lag).tolist(), strict=True))
    return found


@functools.partial(jax.jit, static_argnums=2)
def _mean_shares(x: Array, y: Array, lag: int) -> Array:
    """Share of weights and waves in each case."""

    def one(pair: tuple[Array, Array]) -> Array:
        return case_table(pair[0], pair[1], lag).mean(axis=(1, 2))

    return lax.map(one, (x, y)).mean(axis=0)


def counts_of(trains: np.ndarray) -> np.ndarray:
    """Steps that each unit is on, from trains uint32 of any shape."""
    return np.bitwise_count(trains).astype(np.int32)
