"""The Pallas kernel of the cube: interpreted against the definition, and lowered for CUDA.

Nothing here needs a GPU.
"""

import dataclasses
import re

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from latticework.cells import GatedNeighbourMix, NeighbourMix
from latticework.core.lattice_loop import LatticeLoop
from latticework.kernels.loop_choice import LOOP_KERNELS, choose_loop_kernel
from latticework.kernels.loops import ReferenceLoop
from latticework.kernels.native_cube import NativeLoop
from latticework.kernels.pallas_cube import PallasLoop
from latticework.schedules import Blocked
from latticework.topologies import Lattice
from support.barriers import hazards, kernels
from support.close import SUMS, close_to_largest
from support.loops import BATCH, LOOPS, PLAIN, in_type, loop_case, truth, value_and_pull

# Two tiles per program; a program per tile; what the kernel chooses.
LAYOUTS = ({"lanes": 2, "programs": 1}, {"lanes": 1}, {})
FAST = {"plain": 0, "gated residual": 1, "inner steps": 2, "block norm": 0}
CASES = [
    *(pytest.param(name, LAYOUTS[layout], id=name) for name, layout in FAST.items()),
    *(
        pytest.param(name, layout, id=f"{name}, {layout}", marks=pytest.mark.all)
        for name in LOOPS
        for number, layout in enumerate(LAYOUTS)
        if FAST.get(name) != number
    ),
]


@pytest.mark.parametrize(("name", "layout"), CASES)
def test_parity(name, layout):
    case, expected = truth(name)
    close_to_largest(value_and_pull(PallasLoop(case.loop, **layout), case), expected, 1e-12)


def test_single_precision():
    case, expected = truth("inner steps")
    got = value_and_pull(PallasLoop(case.loop), in_type(case, jnp.float32))
    assert all(leaf.dtype == jnp.float32 for leaf in jax.tree.leaves(got))
    close_to_largest(jax.tree.map(lambda leaf: leaf.astype(jnp.float64), got), expected, 2 * SUMS)


@pytest.mark.all
@pytest.mark.parametrize("name", ["plain", "block norm"])
def test_remat_changes_nothing(name):
    case, expected = truth(name)
    close_to_largest(value_and_pull(PallasLoop(case.loop, remat=True), case), expected, 1e-12)


@pytest.mark.all
@pytest.mark.parametrize("activation", ["silu", "relu", "leaky_relu", "tanh"])
@pytest.mark.parametrize("cell", [NeighbourMix, GatedNeighbourMix])
def test_every_activation(cell, activation):
    loop = LatticeLoop(Lattice((4, 4, 4)), cell(activation), Blocked((4, 2, 2), 2), 2)
    case = loop_case(loop, BATCH)
    expected = value_and_pull(ReferenceLoop(loop), case)
    close_to_largest(value_and_pull(PallasLoop(loop), case), expected, 1e-12)


@pytest.mark.all
def test_a_flat_window_has_no_gradient_through_its_spread():
    """Where all values of a window are equal the derivative of the spread counts as 0."""
    loop = LatticeLoop(
        Lattice((2, 2, 2)), NeighbourMix(), Blocked((2, 2, 2), 2, block_norm=True), 1
    )
    case = loop_case(loop, 2)
    case = case._replace(states=0 * case.states)
    got = value_and_pull(PallasLoop(loop), case)
    close_to_largest(got, value_and_pull(ReferenceLoop(loop), case), 1e-12)
    assert all(np.all(np.isfinite(leaf)) for leaf in jax.tree.leaves(got))


PUBLISHED = LatticeLoop(Lattice((32, 32, 32)), NeighbourMix(), Blocked((8, 8, 8)), 64)
NORMED = Blocked((8, 4, 8), 3, block_norm=True)
LOWERED = {
    "published": (PUBLISHED, jnp.float32),
    "gated, normalised, double": (
        dataclasses.replace(PUBLISHED, cell=GatedNeighbourMix("tanh"), schedule=NORMED),
        jnp.float64,
    ),
    "rows in vain": (LOOPS["block norm"], jnp.float32),
}


def traced(name: str):
    """Forward and backward for a GPU, on arrays that are not there, and the kernels' plan."""
    loop, dtype = LOWERED[name]
    kernel, batch = PallasLoop(loop, interpret=False), 256
    network = jax.eval_shape(lambda: loop.cell.init(jax.random.key(0), loop.lattice))
    lead = () if loop.shares_weights else (loop.outer_steps,)
    network = {n: jax.ShapeDtypeStruct((*lead, *v.shape), dtype) for n, v in network.items()}
    cells = jax.ShapeDtypeStruct(loop.lattice.shape, dtype)
    states = jax.ShapeDtypeStruct((batch, *loop.lattice.shape), dtype)

    def both(network, norm, states):
        value, pull = jax.vjp(kernel.run, network, norm, states)
        return value, pull(value)

    made = jax.jit(both).trace(network, {"weight": cells, "bias": cells}, states)
    return made, kernel.plan(batch, jnp.dtype(dtype).itemsize)


@pytest.mark.parametrize("name", LOWERED)
def test_lowers_for_cuda(name):
    """Both kernels pass Pallas' lowering to Triton, at the published size too."""
    made, plan = traced(name)
    text = made.lower(lowering_platforms=("cuda",)).as_text()
    calls = re.findall(r"@__gpu\$xla\.gpu\.triton\(.*?grid_x = (\d+)", text)
    assert calls == [str(plan.num_programs)] * 2


@pytest.mark.parametrize("name", LOWERED)
def test_barriers(name):
    """Between a load and a store of a scratch there is a barrier: threads are not in step.

    The sums of the gradients are not watched: each entry is added to once between two barriers.
    """
    made, plan = traced(name)
    found = kernels(made.jaxpr)
    assert sorted(found) == ["backward", "forward"]
    for body, arrays in ((found["forward"], 1), (found["backward"], len(plan.scratch_rows))):
        walk = hazards(body, arrays)
        assert walk.barriers > 0
        assert walk.hazards == []


def test_the_choice(monkeypatch):
    kernel = choose_loop_kernel(PLAIN, "pallas")
    assert isinstance(kernel, PallasLoop) and kernel.plan(1, 4).interpret
    monkeypatch.setattr(NativeLoop, "refusal", classmethod(lambda cls, loop: "it is not there"))
    assert choose_loop_kernel(PLAIN).name == "shifted"
    monkeypatch.setattr(jax, "default_backend", lambda: "gpu")
    assert choose_loop_kernel(PLAIN).name == "shifted"
    kernel = choose_loop_kernel(PLAIN, "pallas")
    assert isinstance(kernel, PallasLoop) and not kernel.plan(1, 4).interpret
    monkeypatch.setattr(jax, "default_backend", lambda: "tpu")
    assert choose_loop_kernel(PLAIN).name == "shifted"
    with pytest.raises(ValueError, match="it runs on a GPU, and the default device is a tpu"):
        PallasLoop(PLAIN)


def test_refusals():
    refusal = LOOP_KERNELS["pallas"].refusal
    torus = dataclasses.replace(PLAIN, lattice=Lattice((4, 6, 5), edge="torus"))
    assert "three-dimensional Moore" in refusal(torus)
    still = dataclasses.replace(PLAIN, schedule=Blocked((2, 3, 5), 0))
    assert "no step" in refusal(still)
    huge = LatticeLoop(Lattice((32, 32, 32)), NeighbourMix(), Blocked((32, 32, 32)), 1)
    assert "more than the 8192 cells" in refusal(huge)
    with pytest.raises(ValueError, match="does not apply: it is written for three-dimensional"):
        PallasLoop(torus)
    with pytest.raises(ValueError, match="lanes is 3, expected 0 or a power of two"):
        PallasLoop(PLAIN, lanes=3)
    with pytest.raises(ValueError, match="programs is 0, expected 1 or more"):
        PallasLoop(PLAIN, programs=0)


def test_half_precision_is_refused():
    case = loop_case(PLAIN, 1)
    half = jax.tree.map(lambda v: v.astype(jnp.float16), (case.network, case.norm, case.states))
    with pytest.raises(ValueError, match="computes in float32 and float64, not float16"):
        PallasLoop(PLAIN).run(*half)


def test_too_large_to_be_indexed():
    kernel = PallasLoop(PUBLISHED)
    with pytest.raises(ValueError, match="more than 2147483647; use smaller batches"):
        kernel.plan(2**16, 4).check()
