"""The kernel of the lattice in plain JAX: no compiler and no particular device needed."""

from dataclasses import dataclass
from functools import partial
from typing import ClassVar

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float

from latticework.cells import GatedNeighbourMix, NeighbourMix
from latticework.cells.activations import ACTIVATIONS
from latticework.core.lattice import AbstractLattice, LatticeParams, standardised
from latticework.core.lattice_loop import LatticeLoop
from latticework.kernels.loops import AbstractLoopKernel, require_applies
from latticework.kernels.shifted_mix import raised, scaled, shifted_mix
from latticework.schedules import Blocked
from latticework.schedules.blocked import cut_windows, join_blocks, split_blocks


@dataclass(frozen=True)
class ShiftedLoop(AbstractLoopKernel):
    """Sums over shifted slices, examples last, for plain and gated mixes on any lattice.

    It runs on every device and in every floating-point type. Where the cutting into blocks does
    not matter (one inner step, no block norm) nothing is cut. For the backward pass it keeps one
    state per outer step and computes the sweep again, which takes less time than to keep more.

    Args:
        loop: what to run.
        remat: changes nothing: no more is kept in any case.

    Raises:
        ValueError: when the kernel does not apply to the loop.
    """

    name: ClassVar[str] = "shifted"
    loop: LatticeLoop
    remat: bool = False

    def __post_init__(self) -> None:
        require_applies(ShiftedLoop, self.loop)

    @classmethod
    def refusal(cls, loop: LatticeLoop) -> str | None:
        """Another cell or schedule, or no step to take."""
        if type(loop.cell) not in (NeighbourMix, GatedNeighbourMix):
            return f"it is written for neighbour mixes, not {type(loop.cell).__name__}"
        if not isinstance(loop.schedule, Blocked):
            return f"it is written for Blocked, not {type(loop.schedule).__name__}"
        if loop.outer_steps < 1 or loop.schedule.inner_steps < 1:
            return "there is no step to take"
        return None

    def run(
        self, network: LatticeParams, norm: LatticeParams, states: Float[Array, "batch *cells"]
    ) -> Float[Array, "batch *cells"]:
        """The states after the last outer step."""
        dtype = jnp.result_type(states, *network.values())
        sweep = _Sweep.of(self.loop)
        params = {n: sweep.split(jnp.asarray(value, dtype)) for n, value in network.items()}
        weight, bias = (jnp.asarray(norm[name], dtype) for name in ("weight", "bias"))

        def normalise(states: Array) -> Array:
            each = standardised(states, self.loop.eps, tuple(range(weight.ndim)))
            return raised(bias, scaled(weight, each))

        def step(states: Array, own: LatticeParams) -> Array:
            seen = normalise(states) if self.loop.outer_residual else states
            swept = sweep(own, seen)
            return states + (swept - seen) if self.loop.outer_residual else normalise(swept)

        # Otherwise XLA computes a mix once for each of the arrays that autodiff keeps of it.
        step = jax.checkpoint(step)

        def one(states: Array, separate: LatticeParams | None) -> tuple[Array, None]:
            return step(states, params if separate is None else separate), None

        separate = None if self.loop.shares_weights else params
        lanes = jnp.moveaxis(states.astype(dtype), 0, -1)
        lanes = jax.lax.scan(one, lanes, separate, length=self.loop.outer_steps)[0]
        return jnp.moveaxis(lanes, -1, 0)


@dataclass(frozen=True)
class _Sweep:
    """One outer step of the whole lattice, for all examples."""

    lattice: AbstractLattice
    schedule: Blocked
    cell: NeighbourMix | GatedNeighbourMix

    @staticmethod
    def of(loop: LatticeLoop) -> "_Sweep":
        schedule, cell = loop.schedule, loop.cell
        # `refusal` has made sure of both; this tells the type checker.
        if not isinstance(schedule, Blocked) or not isinstance(
            cell, NeighbourMix | GatedNeighbourMix
        ):
            raise ValueError(f"the shifted kernel does not know {cell} under {schedule}")
        return _Sweep(loop.lattice, schedule, cell)

    @property
    def is_cut(self) -> bool:
        """Whether blocks matter; otherwise arrays have no axis of blocks.

        An axis of length 1 would do, but XLA's code for the CPU is up to five times slower then.
        """
        return self.schedule.inner_steps > 1 or self.schedule.block_norm

    def split(self, values: Array) -> Array:
        """Parameters as the sweep takes them: cut, where blocks matter."""
        return split_blocks(values, self.schedule.block_shape) if self.is_cut else values

    def __call__(
        self, own: LatticeParams, states: Float[Array, "*lattice lane"]
    ) -> Float[Array, "*lattice lane"]:
        """All inner steps of all blocks."""
        lattice, halo, block = self.lattice, self.lattice.halo, self.schedule.block_shape
        if not self.is_cut:
            rim = (*((halo, halo),) * len(lattice.shape), (0, 0))
            mode = "wrap" if lattice.is_torus else "constant"
            return self._updated(own, states, jnp.pad(states, rim, mode=mode))
        inside = (slice(None), *(slice(halo, halo + size) for size in block))

        def again(windows: Array, _: None) -> tuple[Array, None]:
            return windows.at[inside].set(self._updated(own, windows[inside], windows)), None

        cut = partial(cut_windows, halo=halo, block=block, is_torus=lattice.is_torus)
        windows = jax.vmap(cut, -1, -1)(states)
        if self.schedule.inner_steps > 1:
            windows, _ = jax.lax.scan(again, windows, None, length=self.schedule.inner_steps - 1)
        blocks = self._updated(own, windows[inside], windows)
        return jax.vmap(partial(join_blocks, shape=lattice.shape), -1, -1)(blocks)

    def _updated(self, own: LatticeParams, states: Array, windows: Array) -> Array:
        """The next state of the cells, from windows with a halo more along every axis of cells."""
        if self.schedule.block_norm:
            windows = jax.vmap(self.schedule.normalised, -1, -1)(windows)
        # All blocks lie at the same place of their windows.
        blocks = (0,) if self.is_cut else ()
        starts = tuple(
            (*blocks, *map(int, row)) for row in self.lattice.offsets + self.lattice.halo
        )
        phi = ACTIVATIONS[self.cell.activation]
        if isinstance(self.cell, NeighbourMix):
            drive = raised(own["bias"], shifted_mix(starts, own["weight"], windows))
            return states + scaled(own["residual_scale"], phi(drive))
        candidate, gate = (
            raised(own["bias"][part], shifted_mix(starts, own["weight"][:, part], windows))
            for part in (0, 1)
        )
        gate = jax.nn.sigmoid(gate)
        return gate * states + (1 - gate) * phi(candidate)
