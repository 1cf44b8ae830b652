"""The forward kernel of a sweep.

load the window; inner_steps times { drives; update; store the block's own cells }
"""

from typing import Any

import jax.numpy as jnp
from jaxtyping import Array

from latticework.kernels.pallas_block import Area, Program, Tile, arange, column, repeat, updated
from latticework.kernels.pallas_plan import SweepPlan


def fill(program: Program, states: Area, window: Area) -> None:
    """Load block and halo, zero outside the lattice."""
    rows, mask = program.window()
    window.store(arange(program.plan.window_rows), states.load(rows, mask))
    program.barrier()


def scale_of(program: Program, refs: list) -> Tile | None:
    """The residual scale of every cell for every lane; a gated cell has none."""
    shape = (program.plan.rows, program.plan.lanes)
    return jnp.broadcast_to(column(program.param(refs[0], 0, 1)), shape) if refs else None


def forward(plan: SweepPlan, *refs: Any) -> None:
    """Refs: states, params; new states, scratch."""
    states, weight, bias, *scale, out, scratch = refs
    program = Program.current(plan)
    window = program.scratch(scratch, plan.area)
    each = scale_of(program, scale)

    def tile(number: Array, _: Any) -> Any:
        fill(program, program.tile(states, number), window)

        def step(_: Array, own: Tile) -> Tile:
            spread = program.spread(window) if plan.block_norm else None
            own = updated(plan, own, program.drives(window, weight, bias, spread), each)
            # All have read before any writes, and have written before any reads.
            program.barrier()
            window.store(program.writes(), own)
            program.barrier()
            return own

        own = repeat(plan.inner_steps, step, window.load(program.reads()))
        program.tile(out, number).store(program.cells(), own, program.is_cell)
        return _

    repeat(plan.tiles, tile, jnp.int32(0))
