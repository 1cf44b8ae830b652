"""How a sweep of blocks is laid out over the programs of a GPU: the numbers known beforehand."""

import math
from dataclasses import dataclass
from functools import cached_property

import jax.numpy as jnp
from jaxtyping import Array, Float

from latticework.core.checks import require

SLOTS = 27
"""Neighbours of a cell, itself included."""

MAX_ROWS = 8192
"""The most rows of a window."""

_TILE = 2**15
"""Bytes of a window and some examples that the registers of a program hold beside the rest: for
windows of 10^3, 8 examples in single precision, which Triton compiles without spilling."""

_BYTES_PER_WARP = 2**12

Box = tuple[int, int, int]


def power_of_two(number: int) -> int:
    """The smallest power of two that is no less."""
    return 1 << (number - 1).bit_length()


@dataclass(frozen=True)
class SweepPlan:
    """One sweep: a program per block and group of examples, which it takes tile by tile.

    A *row* is a cell of a block, or a position of its window; Triton's arrays have powers of two
    as lengths, so there are rows in vain behind the real ones. A *lane* is an example.

    Args:
        shape: cells of the lattice along each axis.
        block: cells of a block along each axis.
        inner_steps: updates per sweep.
        activation: name of the cell's activation.
        is_gated: whether the cell has a gate.
        block_norm: whether a cell sees its window normalised.
        eps: added to the standard deviation.
        itemsize: bytes of a number.
        lanes: examples of a tile, a power of two.
        tiles: tiles of one program.
        groups: programs per block.
        interpret: whether Pallas computes without a GPU.
    """

    shape: Box
    block: Box
    inner_steps: int
    activation: str
    is_gated: bool
    block_norm: bool
    eps: float
    itemsize: int
    lanes: int
    tiles: int
    groups: int
    interpret: bool

    @property
    def batch(self) -> int:
        """Examples, those in vain included."""
        return self.lanes * self.tiles * self.groups

    @property
    def channels(self) -> int:
        """Drives of a cell."""
        return 2 if self.is_gated else 1

    @property
    def counts(self) -> Box:
        """Blocks along each axis."""
        (a, b, c), (i, j, k) = self.shape, self.block
        return a // i, b // j, c // k

    @cached_property
    def num_blocks(self) -> int:
        """Blocks of the lattice."""
        return math.prod(self.counts)

    @property
    def num_programs(self) -> int:
        """Programs of a sweep."""
        return self.num_blocks * self.groups

    @cached_property
    def cells(self) -> int:
        """Cells of a block."""
        return math.prod(self.block)

    @property
    def rows(self) -> int:
        """Rows of a block."""
        return power_of_two(self.cells)

    @property
    def window(self) -> Box:
        """Positions of a block and its halo along each axis."""
        i, j, k = self.block
        return i + 2, j + 2, k + 2

    @property
    def window_rows(self) -> int:
        """Rows of a window."""
        return window_rows(self.block)

    @property
    def area(self) -> int:
        """Rows of a window that can be written by all rows of a block, those in vain too."""
        return self.window_rows + self.rows

    @property
    def trail(self) -> int:
        """Rows that the backward pass keeps of every inner step: the states and the drives."""
        return (1 + self.channels) * self.rows

    @property
    def scratch_rows(self) -> tuple[int, int, int, int]:
        """Rows of a program's window, adjoint of the window, adjoint of the drives, and trail."""
        return self.area, self.area, self.channels * self.rows, self.inner_steps * self.trail

    def check(self) -> None:
        """Raise ValueError if the arrays are too large to be indexed."""
        windows = self.num_blocks * self.window_rows * self.batch
        largest = max(windows, self.num_programs * max(self.scratch_rows) * self.lanes)
        require(
            largest < 2**31,
            f"the pallas kernel would need {largest} numbers for {self.batch} examples at once, "
            f"more than {2**31 - 1}; use smaller batches, or fewer programs",
        )

    @property
    def num_warps(self) -> int:
        """Warps of a program."""
        size = self.window_rows * self.lanes * self.itemsize
        return max(1, min(8, size // _BYTES_PER_WARP))


def window_rows(block: Box) -> int:
    """Rows of the window of a block."""
    return power_of_two(math.prod(size + 2 for size in block))


def fitting_lanes(block: Box, batch: int, itemsize: int) -> int:
    """Examples of a tile so that a window fits the registers of a program."""
    return max(1, min(_TILE // (window_rows(block) * itemsize), power_of_two(batch)))


def shared_out(batch: int, lanes: int, num_blocks: int, programs: int) -> tuple[int, int]:
    """Tiles of a program and groups of a block, for about so many programs in all."""
    tiles = -(-batch // lanes)
    groups = min(tiles, max(1, programs // num_blocks))
    each = -(-tiles // groups)
    return each, -(-tiles // each)


def cut(values: Float[Array, "*lead i j k"], plan: SweepPlan) -> Float[Array, "block lead row"]:
    """A parameter block by block, zero in the rows in vain."""
    (a, b, c), (i, j, k) = plan.counts, plan.block
    boxes = values.reshape(-1, a, i, b, j, c, k).transpose(1, 3, 5, 0, 2, 4, 6)
    flat = boxes.reshape(plan.num_blocks, -1, plan.cells)
    return jnp.pad(flat, ((0, 0), (0, 0), (0, plan.rows - plan.cells)))


def fold(windows: Float[Array, "block row lane"], plan: SweepPlan) -> Float[Array, "i j k lane"]:
    """The sum of all windows where they lie; what is outside the lattice is dropped.

    Axis by axis, in an order that does not depend on the device.
    """
    real = windows[:, : math.prod(plan.window)]
    boxes = real.reshape(*plan.counts, *plan.window, plan.batch)
    for axis in range(3):
        boxes = _fold_axis(boxes, axis, axis + 3)
    # Now [count, count, count, i, j, k, lane] without halo.
    return boxes.transpose(0, 3, 1, 4, 2, 5, 6).reshape(*plan.shape, plan.batch)


def _fold_axis(boxes: Array, count: int, axis: int) -> Array:
    """Add the two outer layers along `axis` to the neighbours along `count`."""
    num, size = boxes.shape[count], boxes.shape[axis] - 2

    def part(first: int, length: int, low: int, high: int) -> Array:
        where = [slice(None)] * boxes.ndim
        where[count], where[axis] = slice(low, high), slice(first, first + length)
        return boxes[tuple(where)]

    def padded(layer: Array, before: int, at: int) -> Array:
        widths = [(0, 0)] * boxes.ndim
        widths[count], widths[axis] = (before, 1 - before), (at, size - 1 - at)
        return jnp.pad(layer, widths)

    from_below = padded(part(size + 1, 1, 0, num - 1), 1, 0)
    from_above = padded(part(0, 1, 1, num), 0, size - 1)
    return part(1, size, 0, num) + from_below + from_above
