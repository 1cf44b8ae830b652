"""The kernel of the cube for GPUs, written in Pallas."""

from dataclasses import dataclass
from functools import partial
from typing import ClassVar, cast

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float

from latticework.cells import GatedNeighbourMix, NeighbourMix
from latticework.core.checks import require
from latticework.core.lattice import LatticeParams, layer_norm
from latticework.core.lattice_loop import LatticeLoop
from latticework.kernels.loops import AbstractLoopKernel, cube_refusal, require_applies
from latticework.kernels.pallas_plan import (
    MAX_ROWS,
    SweepPlan,
    cut,
    fitting_lanes,
    shared_out,
    window_rows,
)
from latticework.schedules import Blocked

_DTYPES = (jnp.float32, jnp.float64)


@dataclass(frozen=True)
class PallasLoop(AbstractLoopKernel):
    """Triton for plain and gated mixes on three-dimensional Moore lattices of radius 1.

    A sweep is one kernel in either direction: a program per block and group of examples loads the
    block and its halo once and takes all inner steps itself. The states and sums of its own cells
    are in registers. Since Triton cannot shift an array, what cells see of each other goes through
    a piece of device memory that only this program touches, tens of kB that may well stay in the
    first cache; shared memory is not used. The backward pass keeps the input of every sweep (and
    of every normalisation) and computes the inner steps again. The normalisation between sweeps,
    and the sums over groups and overlapping halos, are XLA's. Nothing is added atomically.

    Without a GPU it can be asked for by name and is then interpreted: slowly, for checking only.

    Args:
        loop: what to run.
        remat: whether the backward pass keeps only the state of each outer step, for one more
            sweep.
        lanes: examples that a program takes at once, a power of two; 0 for as many as fit.
        programs: about how many programs to share the work among.
        interpret: whether to compute without a GPU; None for wherever there is none.

    Raises:
        ValueError: the kernel does not apply to the loop, or a number is out of range.
    """

    name: ClassVar[str] = "pallas"
    loop: LatticeLoop
    remat: bool = False
    lanes: int = 0
    programs: int = 512
    interpret: bool | None = None

    def __post_init__(self) -> None:
        require_applies(PallasLoop, self.loop)
        require(
            self.lanes >= 0 and self.lanes & (self.lanes - 1) == 0,
            f"lanes is {self.lanes}, expected 0 or a power of two",
        )
        require(self.programs >= 1, f"programs is {self.programs}, expected 1 or more")

    @classmethod
    def refusal(cls, loop: LatticeLoop) -> str | None:
        """Another lattice, cell or schedule, no step to take, too large a block, or a TPU."""
        refusal = cube_refusal(loop, "written")
        if refusal is not None:
            return refusal
        i, j, k = cast(Blocked, loop.schedule).block_shape
        if window_rows((i, j, k)) > MAX_ROWS:
            return (
                f"a block of {(i, j, k)} with its halo is more than the {MAX_ROWS} cells it holds"
            )
        if jax.default_backend() not in ("cpu", "gpu"):
            return f"it runs on a GPU, and the default device is a {jax.default_backend()}"
        return None

    @classmethod
    def is_automatic(cls) -> bool:
        """No: it has not run on a GPU yet, and until then it is taken only when asked for."""
        return False

    def run(
        self, network: LatticeParams, norm: LatticeParams, states: Float[Array, "batch *cells"]
    ) -> Float[Array, "batch *cells"]:
        """The states after the last outer step."""
        dtype = jnp.result_type(states, *network.values())
        require(
            dtype in _DTYPES,
            f"the pallas kernel computes in float32 and float64, not {dtype}; convert the "
            "parameters, or use the kernel 'shifted'",
        )
        batch = states.shape[0]
        plan = self.plan(batch, dtype.itemsize)
        plan.check()
        params = tuple(
            self._cut(jnp.asarray(network[name], dtype), plan)
            for name in self.loop.cell.param_names
        )
        weight, bias = (jnp.asarray(norm[name], dtype) for name in ("weight", "bias"))
        lanes = jnp.moveaxis(states.astype(dtype), 0, -1)
        lanes = jnp.pad(lanes, (*((0, 0),) * 3, (0, plan.batch - batch)))
        return jnp.moveaxis(self._scan(plan, params, (weight, bias), lanes), -1, 0)[:batch]

    def _scan(
        self,
        plan: SweepPlan,
        params: tuple[Array, ...],
        norm: tuple[Array, Array],
        states: Float[Array, "i j k lane"],
    ) -> Float[Array, "i j k lane"]:
        """All outer steps."""
        # Here, since Pallas takes long to import and is not needed everywhere.
        from latticework.kernels.pallas_sweep import sweep

        normalise = jax.vmap(partial(layer_norm, eps=self.loop.eps), (-1, None, None), -1)

        def step(states: Array, own: tuple[Array, ...]) -> Array:
            seen = normalise(states, *norm) if self.loop.outer_residual else states
            swept = jnp.asarray(sweep(plan, own, seen))
            return states + (swept - seen) if self.loop.outer_residual else normalise(swept, *norm)

        step = jax.checkpoint(step) if self.remat else step

        def one(states: Array, separate: tuple[Array, ...] | None) -> tuple[Array, None]:
            return step(states, params if separate is None else separate), None

        separate = None if self.loop.shares_weights else params
        return jax.lax.scan(one, states, separate, length=self.loop.outer_steps)[0]

    def _cut(self, values: Array, plan: SweepPlan) -> Array:
        if self.loop.shares_weights:
            return cut(values, plan)
        return jax.vmap(lambda each: cut(each, plan))(values)

    def plan(self, batch: int, itemsize: int) -> SweepPlan:
        """How a sweep of so many examples, of so many bytes per number, is laid out."""
        lattice, schedule, cell = self.loop.lattice, self.loop.schedule, self.loop.cell
        # `refusal` has made sure of both; this tells the type checker.
        if not isinstance(schedule, Blocked) or not isinstance(
            cell, NeighbourMix | GatedNeighbourMix
        ):
            raise ValueError(f"the pallas kernel does not know {cell} under {schedule}")
        (i, j, k), (a, b, c) = lattice.shape, schedule.block_shape
        lanes = self.lanes or fitting_lanes((a, b, c), batch, itemsize)
        num_blocks = lattice.num_cells // (a * b * c)
        tiles, groups = shared_out(batch, lanes, num_blocks, self.programs)
        interpret = jax.default_backend() == "cpu" if self.interpret is None else self.interpret
        return SweepPlan(
            shape=(i, j, k),
            block=(a, b, c),
            inner_steps=schedule.inner_steps,
            activation=cell.activation,
            is_gated=isinstance(cell, GatedNeighbourMix),
            block_norm=schedule.block_norm,
            eps=schedule.eps,
            itemsize=itemsize,
            lanes=lanes,
            tiles=tiles,
            groups=groups,
            interpret=interpret,
        )
