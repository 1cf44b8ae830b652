"""The compiled kernel of the cube: C++, lanes are examples, threads over planes or blocks."""

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
from latticework.kernels import border
from latticework.kernels.cube_parts import (
    ACTIVATIONS,
    OPERANDS,
    Parts,
    cell_and_schedule,
    in_segments,
    parts_of,
)
from latticework.kernels.extension import extension, why_unavailable
from latticework.kernels.loops import AbstractLoopKernel, cube_refusal, require_applies


@dataclass(frozen=True)
class NativeLoop(AbstractLoopKernel):
    """C++ for plain and gated mixes on three-dimensional Moore lattices of radius 1, any blocks.

    For the backward pass it keeps one state per outer step and computes the drives again, so that
    memory is `outer_steps * batch` cubes whatever the number of inner steps. With `remat` it keeps
    only every n-th state, n about the root of `outer_steps`, for one more forward pass.
    Results do not depend on the number of threads.

    Args:
        loop: what to run.
        remat: see above.
        num_threads: 0 for as many as `LATTICEWORK_THREADS` says, else as there are cores.
        simd: "auto" for what `LATTICEWORK_SIMD` says, else the best.

    Raises:
        ValueError: when the kernel does not apply to the loop, or cannot be had.
    """

    name: ClassVar[str] = "native"
    loop: LatticeLoop
    remat: bool = False
    num_threads: int = 0
    simd: str = "auto"

    def __post_init__(self) -> None:
        require_applies(NativeLoop, self.loop)
        require(self.num_threads >= 0, f"num_threads is {self.num_threads}, expected 0 or more")

    @classmethod
    def refusal(cls, loop: LatticeLoop) -> str | None:
        """Another lattice, cell or schedule, no step to take, or no extension."""
        return cube_refusal(loop, "compiled") or why_unavailable()

    def run(
        self, network: LatticeParams, norm: LatticeParams, states: Float[Array, "batch *cells"]
    ) -> Float[Array, "batch *cells"]:
        """The states after the last outer step."""
        parts, states = parts_of(self.name, self.loop, network, norm, states)

        def steps(count: int, parts: Parts, states: Array) -> Array:
            return _run(_Call(self, count), parts, states)

        if self.remat:
            return in_segments(self.loop, steps, parts, states)
        return steps(self.loop.outer_steps, parts, states)


@dataclass(frozen=True)
class _Call:
    """So many outer steps of a kernel: what decides a call beside its operands."""

    kernel: NativeLoop
    steps: int

    def attributes(self) -> dict[str, Any]:
        loop, kernel = self.kernel.loop, self.kernel
        cell, schedule = cell_and_schedule(NativeLoop.name, loop)
        numbers = [
            *loop.lattice.shape,
            *schedule.block_shape,
            self.steps,
            schedule.inner_steps,
            ACTIVATIONS.index(cell.activation),
            isinstance(cell, GatedNeighbourMix),
            schedule.block_norm,
            loop.outer_residual,
            not loop.shares_weights,
            kernel.num_threads,
        ]
        return {
            "numbers": np.array(numbers, np.int32),
            "eps": np.array([schedule.eps, loop.eps], np.float64),
            "simd": kernel.simd,
        }

    def kept(self, states: Array, *, keeps: bool) -> dict[str, jax.ShapeDtypeStruct]:
        """What the forward pass keeps for the backward pass; without entries if nothing."""
        native = extension()
        if isinstance(native, str):
            raise ValueError(f"the native kernel cannot be had: {native}")
        batch, is_double = states.shape[0], states.dtype == jnp.float64
        shape = self.kernel.loop.lattice.shape
        tiles, room, lanes = native.cube_room(shape, self.steps, batch, is_double, self.kernel.simd)
        steps = self.steps + 1
        return {
            "states": jax.ShapeDtypeStruct((room if keeps else 0, lanes), states.dtype),
            "stats": jax.ShapeDtypeStruct((steps if keeps else 0, tiles, 2, lanes), states.dtype),
        }

    def forward(self, parts: tuple[Array, ...], states: Array, *, keeps: bool) -> list[Array]:
        out = {"out": jax.ShapeDtypeStruct(states.shape, states.dtype)}
        found = border.call(
            "latticework_cube_forward",
            dict(zip(OPERANDS, (states, *parts), strict=True)),
            out | self.kept(states, keeps=keeps),
            self.attributes(),
            vmap_method="sequential",
        )
        return [found["out"], found["states"], found["stats"]]

    def backward(self, given: tuple[Array, ...], kept: list[Array], d_out: Array) -> list[Array]:
        states, stats = kept
        operands = dict(zip(OPERANDS, given, strict=True))
        found = border.call(
            "latticework_cube_backward",
            operands | {"states": states, "stats": stats, "d_out": d_out},
            {
                f"d_{name}": jax.ShapeDtypeStruct(value.shape, value.dtype)
                for name, value in operands.items()
            },
            self.attributes(),
            vmap_method="sequential",
        )
        return [found[f"d_{name}"] for name in OPERANDS]


@partial(jax.custom_vjp, nondiff_argnums=(0,))
def _run(call: _Call, parts: tuple[Array, ...], states: Array) -> Array:
    return call.forward(parts, states, keeps=False)[0]


def _run_forward(call: _Call, parts: tuple[Array, ...], states: Array):
    out, *kept = call.forward(parts, states, keeps=True)
    return out, (parts, states, *kept)


def _run_backward(call: _Call, residuals, d_out: Array):
    parts, states, *kept = residuals
    d_states, *d_parts = call.backward((states, *parts), kept, d_out)
    return tuple(d_parts), d_states


_run.defvjp(_run_forward, _run_backward)
