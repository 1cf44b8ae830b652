"""The backward kernel of a sweep.

    forward again, keeping the states u_t and the drives h_t of all inner steps in the scratch; then
    from the last inner step to the first, with a the adjoint of the window,

        (a_own, dh_t, dscale) = pull of u_{t+1} = update(u_t, h_t, scale) at a_own
        dweight[d] += dh_t seen_t[d],  dbias += dh_t
        a += sum_d weight[d] dh_t, moved to where each cell was seen (through the normalisation)

The adjoint of a window is stored with its halo, for `fold` to add up: nothing is added atomically.
"""

from dataclasses import dataclass
from typing import Any

import jax
import jax.numpy as jnp
from jax.experimental.pallas import triton
from jaxtyping import Array, Float

from latticework.kernels.pallas_block import (
    Area,
    Program,
    Spread,
    Tile,
    arange,
    column,
    line,
    ravel,
    repeat,
    unravel,
    updated,
)
from latticework.kernels.pallas_forward import fill, scale_of
from latticework.kernels.pallas_plan import SLOTS, SweepPlan


@dataclass(frozen=True)
class Scratch:
    """What a program writes and reads again, after a barrier."""

    window: Area
    adjoint: Area
    pulls: Area
    trail: Area

    @staticmethod
    def of(program: Program, refs: tuple) -> "Scratch":
        """This program's parts of the four arrays."""
        rows = program.plan.scratch_rows
        return Scratch(*(program.scratch(*pair) for pair in zip(refs, rows, strict=True)))


@dataclass(frozen=True)
class Gradients:
    """Sums over the program's examples, kept where they will be read."""

    program: Program
    weight: Any
    bias: Any
    scale: list

    def _at(self, entry: Array | int, of: int) -> Array:
        plan, program = self.program.plan, self.program
        number = program.group * plan.num_blocks + program.block
        return arange(plan.rows) + (number * of + entry) * plan.rows

    def clear(self) -> None:
        """Start at 0; the barrier after the first window is filled comes before any sum."""
        plan = self.program.plan
        for ref, of in ((self.weight, SLOTS * plan.channels), (self.bias, plan.channels)):
            self._clear(ref, of)
        for ref in self.scale:
            self._clear(ref, 1)

    def _clear(self, ref: Any, of: int) -> None:
        def one(entry: Array, _: Any) -> Any:
            ref[self._at(entry, of)] = jnp.zeros((self.program.plan.rows,), ref.dtype)
            return _

        repeat(of, one, jnp.int32(0))

    def add(self, ref: Any, entry: Array | int, of: int, tile: Tile) -> None:
        """Add the sum over lanes."""
        at = self._at(entry, of)
        ref[at] = ref[at] + jnp.sum(tile, axis=1)


def backward(plan: SweepPlan, *refs: Any) -> None:
    """Refs: states, cotangent, params; adjoints of the windows, of params, scratch."""
    num_params = 2 if plan.is_gated else 3
    states, cotangent, *params = refs[: 2 + num_params]
    d_windows, d_weight, d_bias, *d_scale = refs[2 + num_params : -4]
    program = Program.current(plan)
    scratch = Scratch.of(program, refs[-4:])
    gradients = Gradients(program, d_weight, d_bias, d_scale)
    gradients.clear()
    everywhere = arange(plan.window_rows)

    def tile(number: Array, _: Any) -> Any:
        _again(program, scratch, program.tile(states, number), params)
        given = program.tile(cotangent, number).load(*program.window(with_halo=False))
        scratch.adjoint.store(everywhere, given)
        program.barrier()

        def step(after: Array, _: Any) -> Any:
            _back(program, scratch, params, gradients, plan.inner_steps - 1 - after)
            return _

        repeat(plan.inner_steps, step, jnp.int32(0))
        out = program.tile(d_windows, number).below(program.block * plan.window_rows)
        out.store(everywhere, scratch.adjoint.load(everywhere))
        return _

    repeat(plan.tiles, tile, jnp.int32(0))


def _again(program: Program, scratch: Scratch, states: Area, params: list) -> None:
    """The forward pass, leaving its trail."""
    plan, rows = program.plan, arange(program.plan.rows)
    weight, bias, *scale = params
    each = scale_of(program, scale)
    fill(program, states, scratch.window)

    def step(number: Array, own: Tile) -> Tile:
        spread = program.spread(scratch.window) if plan.block_norm else None
        drives = program.drives(scratch.window, weight, bias, spread)
        trail = scratch.trail.below(number * plan.trail)
        for part, kept in enumerate((own, *drives)):
            trail.below(part * plan.rows).store(rows, kept)
        own = updated(plan, own, drives, each)
        program.barrier()
        scratch.window.store(program.writes(), own)
        program.barrier()
        return own

    repeat(plan.inner_steps, step, scratch.window.load(program.reads()))


def _back(
    program: Program, scratch: Scratch, params: list, gradients: Gradients, number: Array
) -> None:
    """The adjoint of one inner step."""
    plan, rows = program.plan, arange(program.plan.rows)
    weight, _, *scale = params
    trail = scratch.trail.below(number * plan.trail)
    own, *drives = (trail.below(n * plan.rows).load(rows) for n in range(1 + plan.channels))
    scratch.window.store(program.writes(), own)
    each = scale_of(program, scale)
    _, pull = jax.vjp(lambda *inputs: updated(plan, *inputs), own, tuple(drives), each)
    d_own, pulls, d_each = pull(scratch.adjoint.load(program.reads(), program.is_cell))
    program.barrier()
    if plan.is_gated:
        scratch.adjoint.store(program.writes(), d_own)
    for channel, pulled in enumerate(pulls):
        scratch.pulls.below(channel * plan.rows).store(rows, pulled)
        gradients.add(gradients.bias, channel, plan.channels, pulled)
    if d_each is not None:
        gradients.add(gradients.scale[0], 0, 1, d_each)
    program.barrier()
    spread = program.spread(scratch.window) if plan.block_norm else None
    _add_weights(program, scratch.window, spread, pulls, gradients)
    received = _received(program, scratch.pulls, weight)
    if spread is not None:
        received = _through(program, spread, received)
    everywhere = arange(plan.window_rows)
    total = scratch.adjoint.load(everywhere) + received
    program.barrier()
    scratch.adjoint.store(everywhere, total)
    program.barrier()


def _add_weights(
    program: Program,
    window: Area,
    spread: Spread | None,
    pulls: tuple[Tile, ...],
    gradients: Gradients,
) -> None:
    """`dweight[d] += dh seen[d]`, summed over the lanes."""
    channels, at = program.plan.channels, program.reads()

    def one(slot: Array, _: Any) -> Any:
        seen = window.load(at + program.shift(slot))
        if spread is not None:
            seen = (seen - line(spread.mean)) * line(spread.inverse)
        for channel, pulled in enumerate(pulls):
            entry = slot * channels + channel
            gradients.add(gradients.weight, entry, SLOTS * channels, pulled * seen)
        return _

    repeat(SLOTS, one, jnp.int32(0))


def _received(program: Program, pulls: Area, weight: Any) -> Tile:
    """`sum_d weight[d] dh` of the cells that saw each position of the window."""
    plan = program.plan
    of = SLOTS * plan.channels
    at = unravel(arange(plan.window_rows), plan.window)

    def one(slot: Array, total: Tile) -> Tile:
        who = [here - by for here, by in zip(at, unravel(slot, (3, 3, 3)), strict=True)]
        mask = (who[0] >= 0) & (who[0] < plan.block[0])
        for where, size in zip(who[1:], plan.block[1:], strict=True):
            mask = mask & (where >= 0) & (where < size)
        cell = ravel((who[0], who[1], who[2]), plan.block)
        cell = jnp.where(mask, cell, jnp.zeros_like(cell))
        for channel in range(plan.channels):
            entry = (program.block * of + slot * plan.channels + channel) * plan.rows
            weights = triton.load(weight.at[cell + entry], mask=mask, other=0)
            total = total + column(weights) * pulls.below(channel * plan.rows).load(cell, mask)
        return total

    return repeat(SLOTS, one, jnp.zeros((plan.window_rows, plan.lanes), weight.dtype))


def _through(program: Program, spread: Spread, received: Tile) -> Float[Array, "row lane"]:
    """The adjoint of the normalisation; the spread of a flat window counts as constant."""
    a, b, c = program.plan.window
    count = float(a * b * c)
    root = jnp.where(spread.is_flat, jnp.ones_like(spread.root), spread.root)
    along = jnp.sum(received * spread.centred, axis=0) * spread.inverse**2 / (count * root)
    along = jnp.where(spread.is_flat, jnp.zeros_like(along), along)
    mean = jnp.sum(received, axis=0) / count
    return (received - line(mean)) * line(spread.inverse) - spread.centred * line(along)
