"""The CUDA kernels of the cube on threads in turns, against the definition; and their choice.

Nothing here needs a GPU: tests/support/emulated runs the same C++ as a GPU would.
"""

import dataclasses

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from latticework.cells import GatedNeighbourMix, NeighbourMix
from latticework.core.lattice_loop import LatticeLoop
from latticework.kernels import cuda_cube, cuda_extension
from latticework.kernels.cuda_cube import CudaLoop
from latticework.kernels.loop_choice import choose_loop_kernel
from latticework.kernels.loops import ReferenceLoop
from latticework.kernels.native_cube import NativeLoop
from latticework.kernels.shifted_loop import ShiftedLoop
from latticework.schedules import Blocked
from latticework.topologies import Lattice
from support import emulated_cube
from support.close import SUMS, close_to_largest
from support.loops import LOOPS, PLAIN, in_type, loop_case, truth
from support.loops import value_and_pull as pulled

needs_compiler = pytest.mark.needs("g++")
QUICK = ("gated", "inner steps")
TAKEN = [name for name, loop in LOOPS.items() if not loop.schedule.block_norm]


@needs_compiler
@pytest.mark.parametrize(
    "name", [pytest.param(name, marks=[] if name in QUICK else [pytest.mark.all]) for name in TAKEN]
)
def test_parity(name):
    case, expected = truth(name)
    close_to_largest(emulated_cube.value_and_pull(case), expected, 1e-12)


@needs_compiler
@pytest.mark.parametrize(
    "name",
    [
        "gated residual",
        *(pytest.param(name, marks=pytest.mark.all) for name in ("plain", "inner steps")),
    ],
)
def test_a_barrier_wherever_one_is_needed(name):
    """Threads may run in any order between two barriers: not a bit changes."""
    case, _ = truth(name)
    first, *others = (emulated_cube.value_and_pull(case, order) for order in emulated_cube.ORDERS)
    for other in others:
        assert jax.tree.all(jax.tree.map(np.array_equal, first, other))


@needs_compiler
@pytest.mark.parametrize(
    ("cell", "residual"),
    [
        (NeighbourMix(), False),
        pytest.param(GatedNeighbourMix("tanh"), True, marks=pytest.mark.all),
    ],
)
def test_several_tiles_and_groups(cell, residual):
    """One inner step is taken by tiles that need not divide the lattice, here more than one."""
    lattice = Lattice((9, 3, 34))
    loop = LatticeLoop(lattice, cell, Blocked((3, 3, 17)), 2, outer_residual=residual)
    case = loop_case(loop, 5)
    expected = pulled(ShiftedLoop(loop), case)
    got = emulated_cube.value_and_pull(case)
    close_to_largest(got, expected, 1e-12)
    other = emulated_cube.value_and_pull(case, "shuffled")
    assert jax.tree.all(jax.tree.map(np.array_equal, got, other))
    close_to_largest(emulated_cube.value_and_pull(in_type(case, jnp.float32)), expected, SUMS)


@needs_compiler
def test_a_mean_far_from_zero():
    """Tiles take squares about a value of their own, so that a large mean costs no digits."""
    loop = LatticeLoop(Lattice((4, 4, 8)), NeighbourMix(), Blocked((4, 4, 4)), 2)
    case = loop_case(loop, 2)
    case = case._replace(norm={**case.norm, "bias": case.norm["bias"] + 100})
    case.network["weight"] = case.network["weight"] * 0.01
    got = emulated_cube.value_and_pull(in_type(case, jnp.float32))
    # The states themselves are rounded to 1e-7 of 100, 1e-5 of how far they are apart.
    close_to_largest(got, pulled(ReferenceLoop(loop), case), 1e-4)


@needs_compiler
@pytest.mark.parametrize("batch", [1, 5, pytest.param(33, marks=pytest.mark.all)])
def test_any_batch(batch):
    loop = LatticeLoop(Lattice((2, 3, 4)), NeighbourMix(), Blocked((2, 3, 2), 2), 2)
    case = loop_case(loop, batch)
    close_to_largest(emulated_cube.value_and_pull(case), pulled(ReferenceLoop(loop), case), 1e-12)


@needs_compiler
def test_single_precision():
    case, expected = truth("inner steps")
    got = emulated_cube.value_and_pull(in_type(case, jnp.float32))
    assert all(leaf.dtype == jnp.float32 for leaf in jax.tree.leaves(got))
    close_to_largest(got, expected, 2 * SUMS)


@needs_compiler
@pytest.mark.all
def test_the_kink():
    """At a drive of exactly 0 the slope of relu is 0 and that of leaky_relu 0.01."""
    for activation in ("relu", "leaky_relu"):
        loop = dataclasses.replace(PLAIN, cell=NeighbourMix(activation))
        case = loop_case(loop, 1)
        case.network["bias"] = 0 * case.network["bias"]
        case = case._replace(states=0 * case.states)
        got, expected = emulated_cube.value_and_pull(case), pulled(ReferenceLoop(loop), case)
        for ours, theirs in zip(jax.tree.leaves(got), jax.tree.leaves(expected), strict=True):
            assert np.allclose(ours, theirs, atol=1e-12)


class Library:
    """What Python asks of the compiled library; the device gives a team 100 kB."""

    @staticmethod
    def latticework_cuda_cube_needs(block, inner_steps, is_gated, item):
        return emulated_cube.library().lw_emulated_needs(block, inner_steps, is_gated, item)

    @staticmethod
    def latticework_cuda_shared_memory():
        return 100_000


@pytest.fixture
def gpu(monkeypatch):
    """As on a machine with a GPU and the library."""
    monkeypatch.setattr(jax, "default_backend", lambda: "gpu")
    monkeypatch.setattr(cuda_cube, "cuda_extension", Library)


@needs_compiler
def test_the_choice(gpu):
    assert choose_loop_kernel(PLAIN).name == "shifted"
    assert choose_loop_kernel(PLAIN, "cuda").name == "cuda"
    torus = dataclasses.replace(PLAIN, lattice=Lattice((4, 6, 5), edge="torus"))
    assert choose_loop_kernel(torus).name == "shifted"
    with pytest.raises(ValueError, match="'cuda' does not apply: it is written for three-dim"):
        choose_loop_kernel(torus, "cuda")
    normed = dataclasses.replace(PLAIN, schedule=Blocked((2, 3, 5), 2, block_norm=True))
    with pytest.raises(ValueError, match="'cuda' does not apply: it does not normalise blocks"):
        choose_loop_kernel(normed, "cuda")
    still = dataclasses.replace(PLAIN, schedule=Blocked((2, 3, 5), 0))
    with pytest.raises(ValueError, match="there is no step to take"):
        CudaLoop(still)


@needs_compiler
def test_a_block_that_does_not_fit(gpu):
    huge = LatticeLoop(Lattice((32, 32, 32)), GatedNeighbourMix(), Blocked((32, 32, 32), 2), 1)
    assert choose_loop_kernel(huge).name == "shifted"
    with pytest.raises(ValueError, match=r"\(32, 32, 32\) with 2 inner steps takes 786080 bytes"):
        choose_loop_kernel(huge, "cuda")
    eight = LatticeLoop(Lattice((16, 8, 8)), NeighbourMix(), Blocked((8, 8, 8), 12), 1)
    case = loop_case(eight, 1)
    with pytest.raises(ValueError, match="bytes of shared memory in float64"):
        CudaLoop(eight).run(case.network, case.norm, case.states)


def test_without_a_gpu_or_the_library(monkeypatch):
    with pytest.raises(ValueError, match="it runs on a GPU, and the default device is a cpu"):
        CudaLoop(PLAIN)
    assert choose_loop_kernel(PLAIN).name == ("shifted" if NativeLoop.refusal(PLAIN) else "native")
    monkeypatch.setattr(jax, "default_backend", lambda: "gpu")
    monkeypatch.setattr(cuda_extension.kernels, "__path__", [])
    monkeypatch.setattr(cuda_cube, "cuda_extension", cuda_extension.cuda_extension.__wrapped__)
    with pytest.raises(ValueError, match="it was not built; with nvcc in the path, run make gpu-k"):
        CudaLoop(PLAIN)
    assert choose_loop_kernel(PLAIN).name == "shifted"


def test_a_file_that_is_no_library(monkeypatch, tmp_path):
    (tmp_path / cuda_extension.LIBRARY).write_text("nothing")
    monkeypatch.setattr(cuda_extension.kernels, "__path__", [str(tmp_path)])
    found = cuda_extension.cuda_extension.__wrapped__()
    assert isinstance(found, str) and found.startswith("it cannot be loaded (")


def test_half_precision_is_refused(gpu):
    case = loop_case(PLAIN, 1)
    half = jax.tree.map(lambda v: v.astype(jnp.float16), (case.network, case.norm, case.states))
    with pytest.raises(ValueError, match="computes in float32 and float64, not float16"):
        CudaLoop(PLAIN).run(*half)


def test_lowers_for_cuda(gpu):
    """A call has the arrays that the handlers look for, forward and backward."""
    case = in_type(loop_case(dataclasses.replace(PLAIN, outer_steps=5), 3), jnp.float32)
    for remat in (False, True):
        kernel = CudaLoop(case.loop, remat=remat)

        def both(network, norm, states, kernel=kernel):
            value, pull = jax.vjp(kernel.run, network, norm, states)
            return value, pull(value)

        made = jax.jit(both).trace(case.network, case.norm, case.states)
        text = made.lower(lowering_platforms=("cuda",)).as_text()
        for name in cuda_extension.HANDLERS:
            assert f"@{name}(" in text
        assert "tensor<5x3x4x6x5xf32>" in text or remat


def test_symbols_that_python_calls_exist():
    """In the C++ that is compiled where there is nvcc."""
    text = (emulated_cube.SOURCE / "cube.cu").read_text()
    asked = (
        *cuda_extension.HANDLERS,
        *(name for name in dir(Library) if name.startswith("lattice")),
    )
    assert all(f" {name}(" in text for name in asked)
