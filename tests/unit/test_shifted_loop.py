"""The lattice by shifted slices against the definition, in float64 and less."""

import dataclasses

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from latticework.cells import GatedNeighbourMix, NeighbourMix
from latticework.core.lattice_loop import LatticeLoop
from latticework.kernels.loop_choice import LOOP_KERNELS, choose_loop_kernel
from latticework.kernels.loops import ReferenceLoop
from latticework.kernels.native_cube import NativeLoop
from latticework.kernels.shifted_loop import ShiftedLoop
from latticework.schedules import Blocked
from latticework.topologies import Lattice
from support.close import SUMS, close_to_largest
from support.loops import BATCH, LOOPS, PLAIN, in_type, loop_case, truth, value_and_pull

ELSEWHERE = {
    "plane": LatticeLoop(
        Lattice((4, 6), "von_neumann", 2), NeighbourMix("tanh"), Blocked((2, 3), 3), 2
    ),
    "plane, not cut": LatticeLoop(
        Lattice((5, 3), radius=2), GatedNeighbourMix(), Blocked((5, 1)), 2, shares_weights=False
    ),
    "torus": LatticeLoop(
        Lattice((3, 4, 5), edge="torus"), NeighbourMix("leaky_relu"), Blocked((3, 2, 5)), 3
    ),
    "torus, block norm": LatticeLoop(
        Lattice((3, 4, 3), "von_neumann", edge="torus"),
        GatedNeighbourMix("tanh"),
        Blocked((3, 2, 1), 1, block_norm=True),
        2,
    ),
}
"""Lattices that only this kernel and the definition know."""


QUICK = ("plain", "gated", "block norm")
"""The loops of `make test`; the others are of `make test-all`."""


def check(loop: LatticeLoop, batch: int = BATCH) -> None:
    case = loop_case(loop, batch)
    expected = value_and_pull(ReferenceLoop(loop), case)
    close_to_largest(value_and_pull(ShiftedLoop(loop), case), expected, 1e-12)


@pytest.mark.parametrize(
    "name", [pytest.param(name, marks=[] if name in QUICK else [pytest.mark.all]) for name in LOOPS]
)
def test_parity(name):
    case, expected = truth(name)
    close_to_largest(value_and_pull(ShiftedLoop(case.loop), case), expected, 1e-12)
    without = ShiftedLoop(case.loop).run(case.network, case.norm, case.states)
    assert np.allclose(without, expected[0], atol=1e-12)


@pytest.mark.parametrize("name", ELSEWHERE)
def test_any_lattice(name):
    check(ELSEWHERE[name])


@pytest.mark.all
@pytest.mark.parametrize("inner_steps", [1, 3])
@pytest.mark.parametrize("activation", ["silu", "relu", "leaky_relu", "tanh"])
@pytest.mark.parametrize("cell", [NeighbourMix, GatedNeighbourMix])
def test_every_activation(cell, activation, inner_steps):
    check(LatticeLoop(Lattice((4, 4, 2)), cell(activation), Blocked((4, 2, 2), inner_steps), 2))


@pytest.mark.parametrize("name", ["plain", pytest.param("block norm", marks=pytest.mark.all)])
def test_remat_changes_nothing(name):
    case, _ = truth(name)
    kernels = (ShiftedLoop(case.loop, remat=remat) for remat in (False, True))
    one, other = (value_and_pull(kernel, case) for kernel in kernels)
    assert jax.tree.all(jax.tree.map(np.array_equal, one, other))


@pytest.mark.parametrize("batch", [pytest.param(1, marks=pytest.mark.all), 5])
def test_any_batch(batch):
    """Examples do not see each other, and their gradients add up."""
    case = loop_case(PLAIN, 8)
    value, (network, *_) = value_and_pull(ShiftedLoop(PLAIN), case)
    parts = [
        value_and_pull(
            ShiftedLoop(PLAIN), case._replace(states=case.states[at], cotangent=case.cotangent[at])
        )
        for at in (slice(0, batch), slice(batch, None))
    ]
    close_to_largest(jnp.concatenate([part[0] for part in parts]), value, 1e-12)
    added = jax.tree.map(lambda *leaves: sum(leaves), *(part[1][0] for part in parts))
    close_to_largest(added, network, 1e-12)


@pytest.mark.parametrize("name", ["plain", "inner steps"])
@pytest.mark.parametrize(("dtype", "error"), [(jnp.float32, 2 * SUMS), (jnp.float16, 0.1)])
def test_less_precision(name, dtype, error):
    case, expected = truth(name)
    got = value_and_pull(ShiftedLoop(case.loop), in_type(case, dtype))
    assert all(leaf.dtype == dtype for leaf in jax.tree.leaves(got))
    close_to_largest(jax.tree.map(lambda leaf: leaf.astype(jnp.float64), got), expected, error)


def test_a_flat_window_has_no_gradient_through_its_spread():
    """Where all values of a window are equal the derivative of the spread counts as 0."""
    loop = LatticeLoop(
        Lattice((2, 2, 2)), NeighbourMix(), Blocked((2, 2, 2), 2, block_norm=True), 1
    )
    case = loop_case(loop, 2)
    case = case._replace(states=0 * case.states)
    got = value_and_pull(ShiftedLoop(loop), case)
    close_to_largest(got, value_and_pull(ReferenceLoop(loop), case), 1e-12)
    assert all(np.all(np.isfinite(leaf)) for leaf in jax.tree.leaves(got))


def test_no_copy_per_slot():
    """Memory beside arguments and results, of forward and backward pass, in states of the batch."""
    loop = LatticeLoop(Lattice((6, 6, 6)), NeighbourMix(), Blocked((3, 3, 3)), 2)
    case = loop_case(loop, 256)

    def pull(network, norm, states):
        return jax.vjp(ShiftedLoop(loop).run, network, norm, states)[1](states)

    made = jax.jit(pull).lower(case.network, case.norm, case.states).compile()
    assert made.memory_analysis().temp_size_in_bytes < 20 * case.states.nbytes


def test_the_choice(monkeypatch):
    names = list(LOOP_KERNELS)
    assert names.index("native") < names.index("shifted") < names.index("reference")
    assert isinstance(choose_loop_kernel(PLAIN, "shifted"), ShiftedLoop)
    monkeypatch.setattr(NativeLoop, "refusal", classmethod(lambda cls, loop: "it is not there"))
    for backend in ("cpu", "gpu", "tpu"):
        monkeypatch.setattr(jax, "default_backend", lambda name=backend: name)
        assert choose_loop_kernel(PLAIN).name == "shifted"


def test_refusals():
    refusal = LOOP_KERNELS["shifted"].refusal
    assert all(refusal(loop) is None for loop in (*LOOPS.values(), *ELSEWHERE.values()))
    still = dataclasses.replace(PLAIN, schedule=Blocked((2, 3, 5), 0))
    assert refusal(still) == "there is no step to take"
    assert refusal(dataclasses.replace(PLAIN, outer_steps=0)) == "there is no step to take"

    class Other(NeighbourMix):
        pass

    other = dataclasses.replace(PLAIN, cell=Other())
    assert refusal(other) == "it is written for neighbour mixes, not Other"
    assert choose_loop_kernel(other).name == "reference"
    with pytest.raises(ValueError, match="'shifted' does not apply: there is no step to take"):
        ShiftedLoop(still)
