"""The compiled cube against the definition, in float64, at every SIMD level."""

import dataclasses

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from latticework.cells import NeighbourMix
from latticework.core.lattice_loop import LatticeLoop
from latticework.kernels.loop_choice import LOOP_KERNELS, choose_loop_kernel
from latticework.kernels.loops import ReferenceLoop
from latticework.kernels.native_cube import NativeLoop
from latticework.schedules import Blocked
from latticework.topologies import Lattice
from support.close import SUMS, close_to_largest
from support.loops import LOOPS, PLAIN, in_type, loop_case, truth, value_and_pull
from support.native import level_names, needs_extension


@needs_extension
@pytest.mark.parametrize("name", LOOPS)
def test_parity(name):
    case, expected = truth(name)
    for simd in level_names():
        got = value_and_pull(NativeLoop(case.loop, simd=simd), case)
        close_to_largest(got, expected, 1e-12)
    without = NativeLoop(case.loop).run(case.network, case.norm, case.states)
    assert np.allclose(without, expected[0], atol=1e-12)


@needs_extension
def test_remat_needs_less_memory():
    """XLA must not compute once what is to be computed twice."""
    case = loop_case(dataclasses.replace(PLAIN, outer_steps=36), 3)

    def needed(*, remat: bool) -> int:
        kernel = NativeLoop(case.loop, remat=remat)

        @jax.jit
        def run(network, norm, states, cotangent):
            return jax.vjp(kernel.run, network, norm, states)[1](cotangent)

        compiled = run.lower(case.network, case.norm, case.states, case.cotangent).compile()
        return compiled.memory_analysis().temp_size_in_bytes

    assert needed(remat=True) < 0.6 * needed(remat=False)


@needs_extension
@pytest.mark.parametrize("name", ["plain", "inner steps", "block norm", "gated blocks of one"])
def test_remat_and_threads_change_nothing(name):
    case, expected = truth(name)
    close_to_largest(value_and_pull(NativeLoop(case.loop, remat=True), case), expected, 1e-12)
    one, three = (
        value_and_pull(NativeLoop(case.loop, num_threads=threads), case) for threads in (1, 3)
    )
    assert jax.tree.all(jax.tree.map(np.array_equal, one, three))


@needs_extension
@pytest.mark.parametrize("batch", [1, 2, 5, 9, 17])
def test_any_batch(batch):
    """Lanes in vain and several tiles change nothing."""
    case = loop_case(PLAIN, 17)
    all_of_them = NativeLoop(PLAIN).run(case.network, case.norm, case.states)
    some = NativeLoop(PLAIN).run(case.network, case.norm, case.states[:batch])
    assert np.allclose(some, all_of_them[:batch], rtol=1e-13, atol=1e-13)
    whole = value_and_pull(NativeLoop(PLAIN), case)[1][0]
    parts = [
        value_and_pull(
            NativeLoop(PLAIN), case._replace(states=case.states[at], cotangent=case.cotangent[at])
        )[1][0]
        for at in (slice(0, batch), slice(batch, None))
        if len(case.states[at])
    ]
    close_to_largest(jax.tree.map(lambda *leaves: sum(leaves), *parts), whole, 1e-12)


@needs_extension
def test_single_precision():
    case, expected = truth("inner steps")
    got = value_and_pull(NativeLoop(case.loop), in_type(case, jnp.float32))
    assert all(leaf.dtype == jnp.float32 for leaf in jax.tree.leaves(got))
    got = jax.tree.map(lambda leaf: leaf.astype(jnp.float64), got)
    close_to_largest(got, expected, 2 * SUMS)


@needs_extension
def test_a_flat_window_has_no_gradient_through_its_spread():
    """Where all values of a window are equal the derivative of the spread counts as 0."""
    loop = LatticeLoop(
        Lattice((2, 2, 2)), NeighbourMix(), Blocked((2, 2, 2), 2, block_norm=True), 1
    )
    case = loop_case(loop, 2)
    case = case._replace(states=0 * case.states)
    expected = value_and_pull(ReferenceLoop(loop), case)
    got = value_and_pull(NativeLoop(loop), case)
    close_to_largest(got, expected, 1e-12)
    assert all(np.all(np.isfinite(leaf)) for leaf in jax.tree.leaves(got))


@needs_extension
def test_the_kink():
    """At a drive of exactly 0 the slope of relu is 0 and that of leaky_relu 0.01."""
    for activation in ("relu", "leaky_relu"):
        loop = dataclasses.replace(PLAIN, cell=NeighbourMix(activation))
        case = loop_case(loop, 1)
        case.network["bias"] = 0 * case.network["bias"]
        case = case._replace(states=0 * case.states)
        expected = value_and_pull(ReferenceLoop(loop), case)
        got = value_and_pull(NativeLoop(loop), case)
        for ours, theirs in zip(jax.tree.leaves(got), jax.tree.leaves(expected), strict=True):
            assert np.allclose(ours, theirs, atol=1e-12)


def test_the_choice():
    assert choose_loop_kernel(PLAIN, "reference").name == "reference"
    torus = dataclasses.replace(PLAIN, lattice=Lattice((4, 6, 5), edge="torus"))
    assert choose_loop_kernel(torus).name == "shifted"
    with pytest.raises(ValueError, match="'native' does not apply: it is compiled for three-dim"):
        choose_loop_kernel(torus, "native")
    with pytest.raises(ValueError, match="there is no kernel named 'nativ'; did you mean"):
        choose_loop_kernel(PLAIN, "nativ")
    still = dataclasses.replace(PLAIN, schedule=Blocked((2, 3, 5), 0))
    assert "no step" in (LOOP_KERNELS["native"].refusal(still) or "")
    with pytest.raises(ValueError, match="there is no step to take"):
        NativeLoop(still)


@needs_extension
def test_half_precision_is_refused():
    case = loop_case(PLAIN, 1)
    half = jax.tree.map(lambda v: v.astype(jnp.float16), (case.network, case.norm, case.states))
    with pytest.raises(ValueError, match="computes in float32 and float64, not float16"):
        NativeLoop(PLAIN).run(*half)
