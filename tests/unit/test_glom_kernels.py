"""The compiled nets of GLOM against their definition, dropout included."""

import functools

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from latticework.cells.consensus import LambdaAttention, NoAttention
from latticework.cells.level_nets import LevelNets
from latticework.kernels.glom import DELTAS, NativeDelta, XlaDelta, delta_kernel
from support.close import SUMS, close_to_largest
from support.native import levels, needs_extension

NONE = NoAttention()

SHAPES = {
    "published nets, odd plane": (LevelNets(scale=0.3), (2, 3, 5)),
    "no dropout": (LevelNets(2, 3, dropout=0.0, scale=0.3), (1, 3, 9)),
    "one row, two columns": (LevelNets(2, 7, dropout=0.25), (9, 1, 2)),
    "several tasks, no same-level nets": (LevelNets(3, 6, same_level=False), (17, 8, 8)),
}


def both_ways(path, params, state, cotangent, seed):
    """What the nets add, and the gradient by parameters and state."""

    def run(params, state):
        return path(params, state, seed)

    value, back = jax.vjp(run, params, state)
    return value, *back(cotangent)


@needs_extension
@pytest.mark.parametrize("name", SHAPES)
def test_native_equals_the_definition(name):
    nets, size = SHAPES[name]
    params = nets.init(jax.random.key(0))
    shape = (nets.num_levels, nets.vector_length, *size)
    state, cotangent = (jax.random.normal(jax.random.key(n), shape, jnp.float32) for n in (1, 2))
    seed = jnp.asarray(12345, jnp.uint32)
    found = []
    for path in (XlaDelta(nets, NONE), NativeDelta(nets, NONE)):
        run = jax.jit(functools.partial(both_ways, path, seed=seed))
        found.append(run(params, state, cotangent))
    expected, got = found
    close_to_largest(got, expected, SUMS / 2)
    assert all(np.any(np.asarray(leaf) != 0) for leaf in jax.tree.leaves(got))


@needs_extension
def test_threads_and_seeds_do_not_change_a_bit():
    nets = LevelNets(3, 5)
    shape = (3, 5, 40, 6, 6)
    params = jax.tree.map(lambda p: jnp.stack([p, 2 * p]), nets.init(jax.random.key(0)))
    state = jax.random.normal(jax.random.key(1), (2, *shape), jnp.float32)
    seeds = jnp.asarray([3, 4], jnp.uint32)

    def run(threads):
        path = NativeDelta(nets, NONE, num_threads=threads)
        return jax.vmap(lambda p, s, seed: both_ways(path, p, s, s, seed))(params, state, seeds)

    one, three = run(1), run(3)
    jax.tree.map(np.testing.assert_array_equal, one, three)
    alone = both_ways(
        NativeDelta(nets, NONE), jax.tree.map(lambda p: p[1], params), state[1], state[1], seeds[1]
    )
    jax.tree.map(lambda a, b: np.testing.assert_array_equal(a, b[1]), alone, one)


@pytest.mark.parametrize("level", levels())
def test_every_simd_level(level):
    nets = LevelNets(3, 5)
    params, shape = nets.init(jax.random.key(0)), (3, 5, 4, 6, 6)
    state = jax.random.normal(jax.random.key(1), shape, jnp.float32)
    seed = jnp.asarray(1, jnp.uint32)
    plain = both_ways(NativeDelta(nets, NONE), params, state, state, seed)
    other = both_ways(NativeDelta(nets, NONE, simd=level), params, state, state, seed)
    close_to_largest(other, plain, SUMS / 2)


@needs_extension
def test_the_fastest_is_chosen_and_refusals_say_why():
    assert next(iter(DELTAS)) == "native"
    assert delta_kernel(LevelNets(), NONE).name == "native"
    assert delta_kernel(LevelNets(), LambdaAttention()).name == "xla"
    assert delta_kernel(LevelNets(coordinates=True), NONE).name == "xla"
    with pytest.raises(ValueError, match="'native' does not apply: it knows no coordinates"):
        delta_kernel(LevelNets(coordinates=True), NONE, "native")
    with pytest.raises(ValueError, match=r"'native' does not apply: .* without attention"):
        delta_kernel(LevelNets(), LambdaAttention(), "native")
    with pytest.raises(ValueError, match="at most 64 entries"):
        delta_kernel(LevelNets(2, 65), NONE, "native")


def test_an_unknown_kernel_is_an_error():
    with pytest.raises(ValueError, match=r"there is no kernel named 'nativ'.*did you mean"):
        delta_kernel(LevelNets(), NONE, "nativ")


@needs_extension
def test_double_precision_is_refused():
    nets = LevelNets(2, 3)
    params = {name: p.astype(jnp.float64) for name, p in nets.init(jax.random.key(0)).items()}
    with pytest.raises(ValueError, match="computes in float32, not float64"):
        NativeDelta(nets, NONE)(params, jnp.zeros((2, 3, 1, 4, 4)), None)
