"""The kernel of the lattice in plain JAX: no compiler and no particular device needed."""

from dataclasses import dataclass
from functools import partial
from typing import ClassVar

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float

from latticework.cells import GatedNeighbourMix, NeighbourMix
from latticework.cells.activations import ACTIVATIONS
from latticework.core.lattice import LatticeParams, layer_norm
from latticework.core.lattice_loop import LatticeLoop
from latticework.kernels.loops import AbstractLoopKernel, require_applies
from latticework.kernels.shifted_mix import shifted_mix
from latticework.schedules import Blocked
from latticework.schedules.blocked import cut_windows, join_blocks, split_blocks


@dataclass(frozen=True)
class ShiftedLoop(AbstractLoopKernel):
    """Sums over shifted slices, examples last, for plain and gated mixes on any lattice.

    It runs on every device and in every floating-point type. Where the cutting into blocks does
    not matter (one inner step, no block norm) there is one block.

    Args:
        loop: what to run.
        remat: whether the backward pass keeps only the state of each outer step, for one more
            sweep.

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
        params = {
            name: split_blocks(jnp.asarray(value, dtype), sweep.block)
            for name, value in network.items()
        }
        weight, bias = (jnp.asarray(norm[name], dtype) for name in ("weight", "bias"))
        normalise = jax.vmap(partial(layer_norm, eps=self.loop.eps), (-1, None, None), -1)

        def step(states: Array, own: LatticeParams) -> Array:
            seen = normalise(states, weight, bias) if self.loop.outer_residual else states
            swept = sweep(own, seen)
            return (
                states + (swept - seen)
                if self.loop.outer_residual
                else normalise(swept, weight, bias)
            )

        step = jax.checkpoint(step) if self.remat else step

        def one(states: Array, separate: LatticeParams | None) -> tuple[Array, None]:
            return step(states, params if separate is None else separate), None

        separate = None if self.loop.shares_weights else params
        lanes = jnp.moveaxis(states.astype(dtype), 0, -1)
        lanes = jax.lax.scan(one, lanes, separate, length=self.loop.outer_steps)[0]
        return jnp.moveaxis(lanes, -1, 0)


@dataclass(frozen=True)
class _Sweep:
    """One outer step of the whole lattice, for all examples."""

    loop: LatticeLoop
    schedule: Blocked
    cell: NeighbourMix | GatedNeighbourMix
    block: tuple[int, ...]

    @staticmethod
    def of(loop: LatticeLoop) -> "_Sweep":
        schedule, cell = loop.schedule, loop.cell
        # `refusal` has made sure of both; this tells the type checker.
        if not isinstance(schedule, Blocked) or not isinstance(
            cell, NeighbourMix | GatedNeighbourMix
        ):
            raise ValueError(f"the shifted kernel does not know {cell} under {schedule}")
        is_one_block = schedule.inner_steps == 1 and not schedule.block_norm
        block = loop.lattice.shape if is_one_block else schedule.block_shape
        return _Sweep(loop, schedule, cell, block)

    def __call__(
        self, own: LatticeParams, states: Float[Array, "*lattice lane"]
    ) -> Float[Array, "*lattice lane"]:
        """All inner steps of all blocks."""
        lattice, halo = self.loop.lattice, self.loop.lattice.halo
        inside = (slice(None), *(slice(halo, halo + size) for size in self.block))

        def again(windows: Array, _: None) -> tuple[Array, None]:
            return windows.at[inside].set(self._updated(own, windows[inside], windows)), None

        cut = partial(cut_windows, halo=halo, block=self.block, is_torus=lattice.is_torus)
        windows = jax.vmap(cut, -1, -1)(states)
        if self.schedule.inner_steps > 1:
            windows, _ = jax.lax.scan(again, windows, None, length=self.schedule.inner_steps - 1)
        blocks = self._updated(own, windows[inside], windows)
        return jax.vmap(partial(join_blocks, shape=lattice.shape), -1, -1)(blocks)

    def _updated(self, own: LatticeParams, states: Array, windows: Array) -> Array:
        """The next state of all blocks' own cells, `[block, *cells, lane]`."""
        if self.schedule.block_norm:
            windows = jax.vmap(self.schedule.normalised, -1, -1)(windows)
        # All blocks lie at the same place of their windows.
        starts = tuple((0, *map(int, row)) for row in self.loop.lattice.offsets + self.loop.lattice.halo)
        phi = ACTIVATIONS[self.cell.activation]
        if isinstance(self.cell, NeighbourMix):
            drive = own["bias"][..., None] + shifted_mix(starts, own["weight"], windows)
            return states + own["residual_scale"][..., None] * phi(drive)
        candidate, gate = (
            own["bias"][part][..., None] + shifted_mix(starts, own["weight"][:, part], windows)
            for part in (0, 1)
        )
        gate = jax.nn.sigmoid(gate)
        return gate * states + (1 - gate) * phi(candidate)
