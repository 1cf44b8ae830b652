"""The kernel of the cube for GPUs: CUDA C++, teams of threads over parts of lattice and batch."""

import ctypes
from dataclasses import dataclass
from functools import partial
from typing import Any, ClassVar

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from latticework.cells import GatedNeighbourMix
from latticework.core.checks import require
from latticework.core.lattice import LatticeParams
from latticework.core.lattice_loop import LatticeLoop
from latticework.kernels.cube_parts import (
    ACTIVATIONS,
    Parts,
    cell_and_schedule,
    in_segments,
    parts_of,
)
from latticework.kernels.cuda_extension import HANDLERS, cuda_extension
from latticework.kernels.loops import AbstractLoopKernel, cube_refusal, require_applies


@dataclass(frozen=True)
class CudaLoop(AbstractLoopKernel):
    """CUDA for plain and gated mixes on three-dimensional Moore lattices of radius 1.

    For the backward pass it keeps one state per outer step and computes the drives again, so that
    memory is `outer_steps * batch` cubes whatever the number of inner steps. With `remat` it keeps
    only every n-th state, n about the root of `outer_steps`, for one more forward pass. Sums are
    taken in an order that depends on the shapes alone, so that results are the same at every run.

    Args:
        loop: what to run.
        remat: see above.

    Raises:
        ValueError: when the kernel does not apply to the loop, or cannot be had.
    """

    name: ClassVar[str] = "cuda"
    loop: LatticeLoop
    remat: bool = False

    def __post_init__(self) -> None:
        require_applies(CudaLoop, self.loop)

    @classmethod
    def refusal(cls, loop: LatticeLoop) -> str | None:
        """Another lattice, cell or schedule, no step to take, no GPU or library, a large block."""
        refusal = cube_refusal(loop, "written")
        if refusal is not None:
            return refusal
        if cell_and_schedule(cls.name, loop)[1].block_norm:
            return "it does not normalise blocks"
        if jax.default_backend() != "gpu":
            return f"it runs on a GPU, and the default device is a {jax.default_backend()}"
        if isinstance(found := cuda_extension(), str):
            return found
        return _too_large(found, loop, jnp.float32)

    def run(
        self, network: LatticeParams, norm: LatticeParams, states: Float[Array, "batch *cells"]
    ) -> Float[Array, "batch *cells"]:
        """The states after the last outer step."""
        parts, states = parts_of(self.name, self.loop, network, norm, states)
        require(
            states.size <= 2**30 and states.shape[0] <= 2**20,
            f"the cuda kernel takes at most 2**30 cells at once, not {states.size}; use smaller "
            "batches",
        )
        if not isinstance(found := cuda_extension(), str):
            reason = _too_large(found, self.loop, states.dtype)
            require(reason is None, f"the cuda kernel does not apply: {reason}")

        def steps(count: int, parts: Parts, states: Array) -> Array:
            return _run(_Call(self.loop, count), parts, states)

        if self.remat:
            return in_segments(self.loop, steps, parts, states)
        return steps(self.loop.outer_steps, parts, states)


def _too_large(library: ctypes.CDLL, loop: LatticeLoop, dtype: Any) -> str | None:
    """Whether a block with its halo is more than the device's shared memory holds."""
    cell, schedule = cell_and_schedule(CudaLoop.name, loop)
    needed = library.latticework_cuda_cube_needs(
        (ctypes.c_int32 * 3)(*schedule.block_shape),
        schedule.inner_steps,
        isinstance(cell, GatedNeighbourMix),
        jnp.dtype(dtype).itemsize,
    )
    there = library.latticework_cuda_shared_memory()
    if needed <= there:
        return None
    return (
        f"a block of {schedule.block_shape} with {schedule.inner_steps} inner steps takes {needed} "
        f"bytes of shared memory in {jnp.dtype(dtype).name}, and the device gives {there}"
    )


@dataclass(frozen=True)
class _Call:
    """So many outer steps of a loop: what decides a call beside its operands."""

    loop: LatticeLoop
    steps: int

    def attributes(self) -> dict[str, Any]:
        loop = self.loop
        cell, schedule = cell_and_schedule(CudaLoop.name, loop)
        numbers = [
            *loop.lattice.shape,
            *schedule.block_shape,
            self.steps,
            schedule.inner_steps,
            ACTIVATIONS.index(cell.activation),
            isinstance(cell, GatedNeighbourMix),
            loop.outer_residual,
            not loop.shares_weights,
        ]
        return {"numbers": np.array(numbers, np.int32), "eps": np.float64(loop.eps)}

    def forward(self, parts: Parts, states: Array, *, keeps: bool) -> list[Array]:
        steps, kind = (self.steps if keeps else 0), states.dtype
        out = [
            jax.ShapeDtypeStruct(states.shape, kind),
            jax.ShapeDtypeStruct((steps, *states.shape), kind),
            jax.ShapeDtypeStruct((steps + 1 if keeps else 0, 2, states.shape[0]), kind),
        ]
        call = jax.ffi.ffi_call(HANDLERS[0], out, vmap_method="sequential")
        return list(call(states, *parts, **self.attributes()))

    def backward(self, given: Parts, kept: list[Array], d_out: Array) -> list[Array]:
        out = [jax.ShapeDtypeStruct(value.shape, value.dtype) for value in given]
        call = jax.ffi.ffi_call(HANDLERS[1], out, vmap_method="sequential")
        return list(call(*given, *kept, d_out, **self.attributes()))


@partial(jax.custom_vjp, nondiff_argnums=(0,))
def _run(call: _Call, parts: Parts, states: Array) -> Array:
    return call.forward(parts, states, keeps=False)[0]


def _run_forward(call: _Call, parts: Parts, states: Array):
    out, *kept = call.forward(parts, states, keeps=True)
    return out, (parts, states, *kept)


def _run_backward(call: _Call, residuals, d_out: Array):
    parts, states, *kept = residuals
    d_states, *d_parts = call.backward((states, *parts), kept, d_out)
    return tuple(d_parts), d_states


_run.defvjp(_run_forward, _run_backward)
