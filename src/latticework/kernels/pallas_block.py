"""What a program of a sweep does with its block: where things lie, loads, stores and the drives.

Written for Triton, whose arrays cannot be shifted or sliced: what a cell sees is loaded from a
scratch that only this program writes, with a barrier in between.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
from jax.experimental import pallas as pl
from jax.experimental.pallas import triton
from jaxtyping import Array, Float, Int

from latticework.cells.activations import ACTIVATIONS
from latticework.kernels.pallas_plan import SLOTS, Box, SweepPlan

Rows = Int[Array, " row"]
Tile = Float[Array, "row lane"]


def div(value: Array, by: int) -> Array:
    """The quotient of an integer from 0 up."""
    return jax.lax.div(value, jnp.full_like(value, by))


def rem(value: Array, by: int) -> Array:
    """The remainder of an integer from 0 up."""
    return jax.lax.rem(value, jnp.full_like(value, by))


def unravel(index: Array, shape: Box) -> tuple[Array, Array, Array]:
    """Coordinates of a row-major index; the first is not wrapped."""
    _, b, c = shape
    return div(index, b * c), rem(div(index, c), b), rem(index, c)


def ravel(at: tuple[Array, Array, Array], shape: Box) -> Array:
    """The row-major index of coordinates."""
    return (at[0] * shape[1] + at[1]) * shape[2] + at[2]


def arange(length: int) -> Rows:
    """Numbers from 0, int32 whatever the default."""
    return jax.lax.iota(jnp.int32, length)


def column(values: Array) -> Array:
    """`[row]` to `[row, 1]`."""
    return jnp.expand_dims(values, 1)


def line(values: Array) -> Array:
    """`[lane]` to `[1, lane]`."""
    return jnp.expand_dims(values, 0)


def repeat(count: int, body: Callable[[Array, Any], Any], start: Any) -> Any:
    """`start = body(n, start)` for n from 0, int32."""
    return jax.lax.fori_loop(jnp.int32(0), jnp.int32(count), body, start)


@dataclass(frozen=True)
class Area:
    """Part of an array of rows times lanes, flat.

    Args:
        ref: where it lies.
        first: index of its first number.
        stride: from row to row.
        lanes: lanes that are loaded and stored.
    """

    ref: Any
    first: Array
    stride: int
    lanes: int

    def _at(self, rows: Rows) -> Int[Array, "row lane"]:
        return column(rows * self.stride + self.first) + line(arange(self.lanes))

    def load(self, rows: Rows, mask: Array | None = None) -> Tile:
        """The tile at `rows`, 0 where `mask` is not."""
        at = self._at(rows)
        if mask is None:
            return triton.load(self.ref.at[at])
        everywhere = jnp.broadcast_to(column(mask), at.shape)
        return triton.load(self.ref.at[at], mask=everywhere, other=0)

    def store(self, rows: Rows, tile: Tile, mask: Array | None = None) -> None:
        """Put the tile at `rows`, where `mask` is; elsewhere the rows must be out of range."""
        at = self._at(rows)
        everywhere = None if mask is None else jnp.broadcast_to(column(mask), at.shape)
        triton.store(self.ref.at[at], tile, mask=everywhere)

    def below(self, rows: Array | int) -> "Area":
        """The same from a later row on."""
        return Area(self.ref, self.first + rows * self.stride, self.stride, self.lanes)


class Spread(NamedTuple):
    """Statistics of a window, one number per lane each, and the window about its mean."""

    mean: Array
    inverse: Array
    root: Array
    is_flat: Array
    centred: Tile


@dataclass(frozen=True)
class Program:
    """One program of a sweep: `block` and `group` are its numbers."""

    plan: SweepPlan
    block: Array
    group: Array

    @staticmethod
    def current(plan: SweepPlan) -> "Program":
        """The one that runs; those of the same block are neighbours and share its weights."""
        number = pl.program_id(0)
        return Program(plan, div(number, plan.groups), rem(number, plan.groups))

    def barrier(self) -> None:
        """What was stored before can be loaded after."""
        if not self.plan.interpret:
            triton.debug_barrier()

    @property
    def _origin(self) -> tuple[Array, Array, Array]:
        i, j, k = self.plan.block
        a, b, c = unravel(self.block, self.plan.counts)
        return a * i, b * j, c * k

    def _in_block(self) -> tuple[Array, Array, Array]:
        """Coordinates of every row's cell; rows in vain repeat the last cell."""
        cell = jnp.minimum(arange(self.plan.rows), jnp.int32(self.plan.cells - 1))
        return unravel(cell, self.plan.block)

    @property
    def is_cell(self) -> Array:
        """Which rows are not in vain."""
        return arange(self.plan.rows) < self.plan.cells

    def cells(self) -> Rows:
        """Where every row's cell lies in the lattice; out of range for rows in vain."""
        at = tuple(o + c for o, c in zip(self._origin, self._in_block(), strict=True))
        inside = ravel((at[0], at[1], at[2]), self.plan.shape)
        a, b, c = self.plan.shape
        return jnp.where(self.is_cell, inside, jnp.full_like(inside, a * b * c))

    def reads(self) -> Rows:
        """Where every row's cell lies in the window; rows in vain read the last cell."""
        a, b, c = self._in_block()
        return ravel((a + 1, b + 1, c + 1), self.plan.window)

    def writes(self) -> Rows:
        """The same for stores: rows in vain write behind the window, each to its own place."""
        behind = arange(self.plan.rows) + self.plan.window_rows
        return jnp.where(self.is_cell, self.reads(), behind)

    def window(self, *, with_halo: bool = True) -> tuple[Rows, Array]:
        """Where every position of the window lies in the lattice, and whether it is inside.

        Without halo only the block's own cells count as inside.
        """
        steps = unravel(arange(self.plan.window_rows), self.plan.window)
        at = [o + s - 1 for o, s in zip(self._origin, steps, strict=True)]
        # The last coordinates of rows in vain are inside the window, the first is not.
        mask = steps[0] < self.plan.window[0]
        for where, size in zip(at, self.plan.shape, strict=True):
            mask = mask & (where >= 0) & (where < size)
        for step, size in zip(steps, self.plan.block, strict=True):
            mask = mask if with_halo else mask & (step >= 1) & (step <= size)
        rows = ravel((at[0], at[1], at[2]), self.plan.shape)
        return jnp.where(mask, rows, jnp.zeros_like(rows)), mask

    def is_position(self) -> Array:
        """Which rows of the window are not in vain."""
        a, b, c = self.plan.window
        return arange(self.plan.window_rows) < a * b * c

    def tile(self, ref: Any, number: Array) -> Area:
        """Some lanes of an array of all cells."""
        first = (self.group * self.plan.tiles + number) * self.plan.lanes
        return Area(ref, first, self.plan.batch, self.plan.lanes)

    def scratch(self, ref: Any, rows: int) -> Area:
        """This program's part of a scratch with so many rows each."""
        lanes = self.plan.lanes
        number = self.block * self.plan.groups + self.group
        return Area(ref, number * (rows * lanes), lanes, lanes)

    def shift(self, slot: Array) -> Array:
        """From a position of the window to its neighbour at `slot`."""
        a, b, c = unravel(slot, (3, 3, 3))
        return ravel((a - 1, b - 1, c - 1), self.plan.window)

    def param(self, ref: Any, entry: Array | int, of: int) -> Float[Array, " row"]:
        """One of `of` numbers for every row."""
        return ref[self.param_at(entry, of)]

    def param_at(self, entry: Array | int, of: int) -> Rows:
        """Where that one lies."""
        return arange(self.plan.rows) + (self.block * of + entry) * self.plan.rows

    def spread(self, window: Area) -> Spread:
        """Mean and spread of each lane over the window."""
        is_position, count = self.is_position(), float(_product(self.plan.window))
        values = window.load(arange(self.plan.window_rows), is_position)
        mean = jnp.sum(values, axis=0) / count
        everywhere = jnp.broadcast_to(column(is_position), values.shape)
        centred = jnp.where(everywhere, values - line(mean), jnp.zeros_like(values))
        variance = jnp.sum(centred * centred, axis=0) / count
        is_flat = variance == 0
        root = jnp.sqrt(variance)
        return Spread(mean, 1 / (root + self.plan.eps), root, is_flat, centred)

    def drives(self, window: Area, weight: Any, bias: Any, spread: Spread | None) -> tuple:
        """`bias + sum_d weight[d] seen[d]` of every channel, `[row, lane]` each."""
        plan, at = self.plan, self.reads()
        channels = range(plan.channels)

        def add(slot: Array, sums: tuple) -> tuple:
            seen = window.load(at + self.shift(slot))
            if spread is not None:
                seen = seen - line(spread.mean)
            of = SLOTS * plan.channels
            weights = (self.param(weight, slot * plan.channels + c, of) for c in channels)
            return tuple(s + column(w) * seen for s, w in zip(sums, weights, strict=True))

        nothing = jnp.zeros((plan.rows, plan.lanes), window.ref.dtype)
        sums = repeat(SLOTS, add, (nothing,) * plan.channels)
        if spread is not None:
            sums = tuple(s * line(spread.inverse) for s in sums)
        return tuple(
            s + column(self.param(bias, c, plan.channels))
            for c, s in zip(channels, sums, strict=True)
        )


def updated(plan: SweepPlan, own: Tile, drives: tuple[Tile, ...], scale: Tile | None) -> Tile:
    """The next state of every cell, as in `cells.neighbour_mix`; no scale for a gated cell."""
    mixed = ACTIVATIONS[plan.activation](drives[0])
    if scale is not None:
        return own + scale * mixed
    gate = jax.nn.sigmoid(drives[1])
    return gate * own + (1 - gate) * mixed


def _product(box: Box) -> int:
    return box[0] * box[1] * box[2]
