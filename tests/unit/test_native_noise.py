"""Noise in the compiled kernels: the reference's distribution, and reproducible draws."""

import functools

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from latticework.core.fixed_point import FixedPoint
from latticework.kernels import Problem
from latticework.kernels.native_kernel import NativeKernel
from latticework.kernels.reference import ReferenceKernel
from latticework.rules import Broadcast, HopTrace, Message, NonIdealities
from latticework.topologies import Grid, SmallWorld
from support.close import SUMS, close_to_largest
from support.native import Sizes, drawn, levels, needs_extension
from support.probe import jit

pytestmark = needs_extension

NUM_DRAWS = 4000
WORST_Z = 5.0  # of about a hundred numbers; a wrong scale is dozens off

CASES = {
    "message": HopTrace(hops=1, non_idealities=NonIdealities(message_noise=0.5)),
    "trace": HopTrace(hops=1, non_idealities=NonIdealities(trace_noise=0.5)),
    "both": HopTrace(
        hops=2,
        non_idealities=NonIdealities(
            trace_noise=0.3,
            message_noise=0.3,
            trace_leak=0.2,
            subtraction_bias=0.3,
            gain_positive=0.7,
            gain_negative=1.2,
        ),
    ),
    "broadcast": HopTrace(
        hops=1, signal=Broadcast(), non_idealities=NonIdealities(message_noise=0.5)
    ),
    "rounding": HopTrace(hops=1, storage=FixedPoint(bits=5, limit=2.0, rounding="stochastic")),
    "self": HopTrace(hops=0, non_idealities=NonIdealities(message_noise=0.5, trace_noise=0.5)),
}


def draws(kernel, params, inputs, targets, num_draws: int, seed: int) -> np.ndarray:
    """`[draw, parameter]`: the direction of one example under independent noise."""
    keys = jax.random.split(jax.random.key(seed), num_draws)

    @jit
    def run(keys):
        return jax.lax.map(
            lambda key: kernel.updates(params, inputs, targets, key[None]).direction,
            keys,
            batch_size=500,
        )

    made = run(keys)
    return np.concatenate([np.asarray(v).reshape(num_draws, -1) for v in made.values()], axis=1)


def same_moments(got: np.ndarray, expected: np.ndarray) -> None:
    """Means and variances agree within sampling error; entries without noise agree exactly."""
    scale = np.abs(expected).max()
    mean_a, mean_b, std_a, std_b = got.mean(0), expected.mean(0), got.std(0), expected.std(0)
    is_still = std_b < 1e-12 * scale
    np.testing.assert_allclose(mean_a[is_still], mean_b[is_still], atol=1e-11 * scale)
    assert np.all(std_a[is_still] < 1e-12 * scale)
    assert not is_still.all()
    a, b = got[:, ~is_still], expected[:, ~is_still]
    z_mean = (a.mean(0) - b.mean(0)) / np.sqrt(a.var(0) / len(a) + b.var(0) / len(b))
    assert np.abs(z_mean).max() < WORST_Z

    def error_of_variance(x):
        centred = (x - x.mean(0)) ** 2
        return centred.var(0) / len(x)

    z_variance = (a.var(0) - b.var(0)) / np.sqrt(error_of_variance(a) + error_of_variance(b))
    assert np.abs(z_variance).max() < WORST_Z


SHORT = ("rounding",)
"""This needs a few draws; the others go to `make test-all`."""


@pytest.mark.parametrize(
    "name",
    [pytest.param(name, marks=[] if name in SHORT else [pytest.mark.all]) for name in CASES],
)
def test_moments_are_the_references(name):
    topology = SmallWorld(3, 3, 3, seed=1) if name == "both" else Grid(3, 3)
    network, *data = drawn(topology, Sizes(1, 1, 5, 1))
    problem = Problem(network, CASES[name], "per_t" if name == "message" else "sum")
    got = draws(NativeKernel(problem), *data, NUM_DRAWS, seed=1)
    expected = draws(ReferenceKernel(problem), *data, NUM_DRAWS, seed=2)
    same_moments(got, expected)


def updates(task, key, batch: int = 21, dtype=jnp.float64, **options):
    network, params, inputs, targets = drawn(Grid(3, 3), Sizes(2, 40, 5, 1))
    params = jax.tree.map(lambda value: value.astype(dtype), params)
    kernel = NativeKernel(Problem(network, *task), **options)
    return kernel.updates(params, inputs[:, :batch].astype(dtype), targets[:, :batch], key)


BOTH = (CASES["both"], "sum")
KEY = jax.random.split(jax.random.key(3), 2)


def test_a_key_decides_the_noise():
    first, again = updates(BOTH, KEY), updates(BOTH, KEY)
    other = updates(BOTH, jax.random.split(jax.random.key(4), 2))
    for a, b, c in zip(*(jax.tree.leaves(u.direction) for u in (first, again, other)), strict=True):
        np.testing.assert_array_equal(a, b)
        assert np.abs(np.asarray(a) - np.asarray(c)).max() > 1e-6
    assert np.abs(np.asarray(first.direction["bias"][0])).max() > 0


def test_seeds_draw_apart():
    same_key = jnp.stack([KEY[0], KEY[0]])
    apart, alike = updates(BOTH, KEY), updates(BOTH, same_key)
    np.testing.assert_array_equal(apart.direction["bias"][0], alike.direction["bias"][0])
    assert np.any(apart.direction["bias"][1] != alike.direction["bias"][1])


@pytest.mark.parametrize("num_threads", [2, 3])
def test_noise_does_not_depend_on_threads(num_threads):
    alone, together = (updates(BOTH, KEY, num_threads=n) for n in (1, num_threads))
    for a, b in zip(jax.tree.leaves(alone), jax.tree.leaves(together), strict=True):
        np.testing.assert_array_equal(a, b)


@pytest.mark.parametrize("simd", levels())
def test_draws_are_the_same_at_every_level(simd):
    """The noise of an example does not depend on how wide the vectors are."""
    here, baseline = (updates(BOTH, KEY, simd=level) for level in (simd, "baseline"))
    close_to_largest(here, baseline, SUMS)


def test_noise_of_an_example_does_not_depend_on_the_batch():
    few, many = updates(BOTH, KEY, batch=1), updates(BOTH, KEY, batch=1)
    np.testing.assert_array_equal(few.direction["weight"], many.direction["weight"])
    # The batch mean of 2 is the mean of the example alone and of what the second one adds.
    two, three = updates(BOTH, KEY, batch=2), updates(BOTH, KEY, batch=3)
    second = jax.tree.map(lambda a, b: 2 * a - b, two.direction, few.direction)
    third = jax.tree.map(lambda a, b: 3 * a - 2 * b, three.direction, two.direction)
    assert np.abs(np.asarray(second["bias"] - third["bias"])).max() > 0


def test_precisions_draw_alike():
    double, single = (updates(BOTH, KEY, dtype=t) for t in (jnp.float64, jnp.float32))
    close_to_largest(single, double, 2 * SUMS)


def test_noise_without_a_key_is_refused():
    with pytest.raises(ValueError, match="random keys"):
        updates(BOTH, None)


def test_message_noise_is_normal():
    """One cell, one step: the direction of its bias is linear in one draw."""
    rule = HopTrace(hops=0, signal=Message(), non_idealities=NonIdealities(message_noise=1.0))
    network, params, inputs, targets = drawn(Grid(1, 2), Sizes(1, 1, 1, 1))
    kernel = NativeKernel(Problem(network, rule, "sum"))
    made = draws(kernel, params, inputs, targets, 20_000, seed=1)
    value = made[:, functools.reduce(lambda n, name: n + params[name][0].size, [], 0)]
    z = np.sort((value - value.mean()) / value.std())
    # Kolmogorov-Smirnov against the normal distribution, by its quantiles.
    from statistics import NormalDist

    expected = np.array([NormalDist().cdf(x) for x in z])
    assert np.abs(expected - (np.arange(len(z)) + 0.5) / len(z)).max() < 1.6 / np.sqrt(len(z))
    assert np.abs(np.mean(z**4) - 3) < 0.2
