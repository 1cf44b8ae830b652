"""The compiled kernels equal the reference: any wiring, rule, shape, precision and SIMD level."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from latticework.core.fixed_point import FixedPoint
from latticework.core.topology import AbstractTopology
from latticework.kernels import Problem
from latticework.kernels.native_kernel import NativeKernel
from latticework.models import grid
from latticework.rules import Bptt, Broadcast, HopTrace, NonIdealities, Rtrl
from latticework.topologies import Grid, SmallWorld
from support.close import largest_error
from support.native import (
    QUICK,
    Scattered,
    Sizes,
    drawn,
    extension,
    levels,
    native_of,
    needs_extension,
    reference_of,
    sizes,
    topologies,
)
from support.oracle import Oracle

pytestmark = needs_extension

EXACT, SINGLE = 1e-12, 1e-5
FAR = 99

TASKS = (
    (Bptt(), "sum"),
    (Rtrl(), "per_t"),
    (HopTrace(hops=0), "per_t"),
    (HopTrace(hops=1), "sum"),
    (HopTrace(hops=2), "per_t"),
    (HopTrace(hops=FAR), "sum"),
    (HopTrace(hops=1, signal=Broadcast(seed=3)), "per_t"),
    (HopTrace(hops=1, non_idealities=NonIdealities(trace_leak=0.2, subtraction_bias=0.1)), "sum"),
    (
        HopTrace(
            hops=FAR,
            non_idealities=NonIdealities(
                trace_leak=0.2, subtraction_bias=-0.1, gain_positive=0.9, gain_negative=1.2
            ),
        ),
        "per_t",
    ),
    (HopTrace(hops=FAR, non_idealities=NonIdealities(gain_positive=0.8)), "sum"),
    (HopTrace(hops=1, storage=FixedPoint(bits=6, limit=2.0)), "sum"),
    (HopTrace(hops=FAR, storage=FixedPoint(bits=3, limit=0.5)), "per_t"),
)


def check(topology: AbstractTopology, size: Sizes, tasks=TASKS, **options) -> None:
    network, *data = drawn(topology, size)
    oracle = Oracle(network, *data)
    for rule, mode in tasks:
        loss, direction = oracle.loss(mode)[0], oracle.direction(rule, mode)
        for dtype, limit in ((jnp.float64, EXACT), (jnp.float32, SINGLE)):
            if dtype == jnp.float32 and isinstance(rule, HopTrace) and rule.storage.bits:
                continue  # a trace between two codes may go to the other one
            got, scores = native_of(network, (rule, mode), *data, dtype=dtype, **options)
            assert got.loss.dtype == scores.dtype == dtype
            assert largest_error(got.direction, direction) < limit, (rule, dtype)
            assert largest_error(got.loss, loss) < limit, (rule, dtype)
            assert largest_error(scores[0], oracle.scores[0]) < limit, (rule, dtype)
            if dtype == jnp.float64:
                np.testing.assert_allclose(got.correct, oracle.correct, rtol=0, atol=1e-12)


def some_tasks(tasks, count: int) -> st.SearchStrategy:
    """A few of the tasks; each takes two compilations."""
    return st.lists(st.sampled_from(tasks), min_size=count, max_size=count, unique=True)


@settings(QUICK, max_examples=4)
@given(topologies(), sizes(), some_tasks(TASKS, 4))
def test_any_wiring_and_shape(topology, size, tasks):
    check(topology, size, tasks)


@pytest.mark.all
@settings(QUICK, max_examples=40)
@given(topologies(), sizes())
def test_any_wiring_and_shape_with_every_task(topology, size):
    check(topology, size)


@pytest.mark.all
@pytest.mark.parametrize(
    "topology",
    [Scattered(9, 3, 2, 3, 2, seed=5), SmallWorld(3, 3, 4)],
)
def test_the_oracle_of_these_tests_is_the_reference(topology):
    """The other tests compare with NumPy, which compiles nothing; here both meet the reference."""
    size, tasks = Sizes(2, 3, 6, 1), TASKS[4:9:2]
    network, *data = drawn(topology, size)
    expected, scores = reference_of(network, tasks, *data)
    oracle = Oracle(network, *data)
    assert largest_error(oracle.scores[0], scores[0]) < EXACT
    for (rule, mode), updates in zip(tasks, expected, strict=True):
        assert largest_error(oracle.direction(rule, mode), updates.direction) < EXACT
        assert largest_error(oracle.loss(mode)[0], updates.loss) < EXACT
        assert largest_error(oracle.correct, updates.correct) < EXACT
        got, got_scores = native_of(network, (rule, mode), *data)
        assert largest_error(got, updates) < EXACT
        assert largest_error(got_scores, scores) < EXACT


@pytest.mark.parametrize("simd", levels())
def test_every_simd_level(simd):
    check(SmallWorld(4, 3, 6, seed=1), Sizes(2, 19, 6, 1), TASKS[::3], simd=simd)
    check(Grid(3, 4), Sizes(1, 33, 9, 2), simd=simd)


@settings(QUICK, max_examples=15)
@given(topologies(), sizes(), st.sampled_from(TASKS), st.integers(2, 5))
def test_threads_change_nothing(topology, size, task, num_threads):
    network, *data = drawn(topology, size)
    alone = native_of(network, task, *data, num_threads=1)
    for _ in range(3):
        together = native_of(network, task, *data, num_threads=num_threads)
        for a, b in zip(jax.tree.leaves(alone), jax.tree.leaves(together), strict=True):
            np.testing.assert_array_equal(a, b)


def test_one_example_counts_as_in_a_larger_batch():
    network, params, inputs, targets = drawn(Grid(3, 3), Sizes(1, 21, 5, 1))
    task = (HopTrace(hops=1), "sum")
    whole, _ = native_of(network, task, params, inputs, targets)
    each = [
        native_of(network, task, params, inputs[:, n : n + 1], targets[:, n : n + 1])[0].direction
        for n in range(21)
    ]
    mean = jax.tree.map(lambda *leaves: sum(leaves) / len(leaves), *each)
    assert largest_error(whole.direction, mean) < EXACT


def test_inside_vmap_and_jit():
    network, params, inputs, targets = drawn(Grid(3, 2), Sizes(4, 5, 6, 1))
    kernel = NativeKernel(Problem(network, HopTrace(hops=1), "sum"))
    at_once = jax.jit(kernel.updates)(params, inputs, targets)
    scores = kernel.scores(params, inputs[0])

    def one(params, inputs, targets):
        alone = jax.tree.map(lambda value: value[None], params)
        return kernel.updates(alone, inputs[None], targets[None]), kernel.scores(alone, inputs)

    mapped, mapped_scores = jax.jit(jax.vmap(one))(params, inputs, targets)
    again = jax.tree.map(lambda value: value[:, 0], mapped)
    for a, b in zip(jax.tree.leaves(at_once), jax.tree.leaves(again), strict=True):
        np.testing.assert_array_equal(a, b)
    np.testing.assert_array_equal(mapped_scores[0, 0], scores[0])

    twice = jax.vmap(jax.vmap(one))(
        *(jax.tree.map(lambda v: jnp.stack([v, v]), value) for value in (params, inputs, targets))
    )
    for a, b in zip(jax.tree.leaves(mapped), jax.tree.leaves(twice[0]), strict=True):
        np.testing.assert_array_equal(a, b[1])


def test_not_a_number_stays_one():
    network, params, inputs, targets = drawn(Grid(3, 2), Sizes(2, 5, 6, 1))
    for name in params:
        broken = {**params, name: params[name].at[1, 0].set(jnp.nan)}
        got, scores = native_of(network, (Bptt(), "sum"), broken, inputs, targets)
        assert not np.isfinite(got.loss[1])
        assert np.isnan(scores[1]).any()
        assert all(np.isfinite(value[0]).all() for value in jax.tree.leaves(got))


def test_denormals_are_flushed_inside_and_only_there():
    network, params, inputs, targets = drawn(grid(12, 2).topology, Sizes(1, 8, 6, 1))
    params["weight"] = params["weight"] * 1e-6
    got, _ = native_of(network, (Bptt(), "sum"), params, inputs, targets, dtype=jnp.float32)
    tiny = np.finfo(np.float32).tiny
    for value in jax.tree.leaves(got.direction):
        size = np.abs(np.asarray(value))
        assert np.all((size == 0) | (size >= tiny))
    assert np.float32(1e-38) * np.float32(0.1) > 0


@pytest.mark.parametrize("simd", levels())
@pytest.mark.parametrize(("dtype", "limit"), [(np.float32, 5.5), (np.float64, 4.0)])
def test_tanh_is_accurate(simd, dtype, limit):
    rng = np.random.default_rng(0)
    wide = np.concatenate([rng.uniform(-25, 25, 40_000), rng.standard_normal(40_000)])
    small = 10 ** rng.uniform(-30, 0, 20_001) * rng.choice((-1, 1), 20_001)
    values = np.concatenate([wide, small, [0.0]]).astype(dtype)
    out = np.empty_like(values)
    extension().tanh(values, out, simd)
    exact = np.tanh(values.astype(np.longdouble))
    ulp = np.spacing(np.abs(exact).astype(dtype)).astype(np.longdouble)
    assert np.max(np.abs(out - exact) / ulp) < limit
    assert out[-1] == 0 and np.all(np.abs(out) <= 1 + 2 * np.finfo(dtype).eps)
    edges = np.array([np.inf, -np.inf, np.nan], dtype)
    at_edges = np.empty_like(edges)
    extension().tanh(edges, at_edges, simd)
    np.testing.assert_allclose(at_edges, [1, -1, np.nan], rtol=1e-6)
