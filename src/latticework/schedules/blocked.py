"""Blocks of cells that keep a stale copy of their surroundings while they iterate."""

import itertools
import math
from dataclasses import dataclass

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from latticework.core.checks import require
from latticework.core.lattice import (
    AbstractLattice,
    AbstractLatticeCell,
    AbstractLatticeSchedule,
    LatticeParams,
)


@dataclass(frozen=True)
class Blocked(AbstractLatticeSchedule):
    """Cut into blocks, iterate inside each from a halo that stays as it was, put together again.

    The lattice is cut into boxes of `block_shape`. Each takes a window: its own cells and a halo
    as wide as a cell sees, of zeros (or, on a torus, of the opposite face) outside the lattice.
    Then `inner_steps` times all cells of a block are updated at once from the window, in which the
    halo keeps the values from before the first of these steps. Zero steps change nothing; with one
    step and no `block_norm` the cutting does not matter.

    With `block_norm` a cell sees `(v - mean) / (sd + eps)`, statistics over the whole window, halo
    and the zeros outside included, anew in every step; its own state is not normalised. Where
    `sd` is 0 its derivative counts as 0.

    Args:
        block_shape: cells of a block along each axis; must divide the lattice's shape.
        inner_steps: updates per sweep.
        block_norm: whether a cell sees its window normalised.
        eps: added to the standard deviation, outside the root.

    Raises:
        ValueError: an argument is out of range, or (from `check`) does not fit the lattice.

    Reference: unixpickle, gridnet (2024), github.com/unixpickle/gridnet.
    """

    block_shape: tuple[int, ...] = (8, 8, 8)
    inner_steps: int = 1
    block_norm: bool = False
    eps: float = 1e-5

    def __post_init__(self) -> None:
        object.__setattr__(self, "block_shape", tuple(self.block_shape))
        require(
            len(self.block_shape) in (2, 3) and min(self.block_shape) >= 1,
            f"block_shape is {self.block_shape}, expected two or three numbers from 1 up",
        )
        require(self.inner_steps >= 0, f"inner_steps is {self.inner_steps}, expected 0 or more")
        require(
            math.isfinite(self.eps) and self.eps >= 0,
            f"eps is {self.eps}, expected a number from 0 up",
        )

    def check(self, lattice: AbstractLattice) -> None:
        """Raise ValueError unless the blocks fill the lattice."""
        shape, block = lattice.shape, self.block_shape
        require(
            len(block) == len(shape),
            f"blocks of {block} have {len(block)} axes and the lattice {shape} has {len(shape)}; "
            "give the block one number per axis",
        )
        for size, part in zip(shape, block, strict=True):
            divisors = [n for n in range(1, size + 1) if size % n == 0]
            require(
                size % part == 0,
                f"blocks of {block} do not fill a lattice of {shape}: {part} does not divide "
                f"{size}; these do: {', '.join(map(str, divisors))}",
            )

    def sweep(
        self,
        cell: AbstractLatticeCell,
        lattice: AbstractLattice,
        params: LatticeParams,
        state: Float[Array, "*cells"],
    ) -> Float[Array, "*cells"]:
        """Cut, iterate, put together."""
        if self.inner_steps == 0:
            return state
        halo, block = lattice.halo, self.block_shape
        own = {name: split_blocks(value, block) for name, value in params.items()}
        inside = (slice(None), *(slice(halo, halo + size) for size in block))

        def step(windows: Array, _: None) -> tuple[Array, None]:
            visible = self.normalised(windows) if self.block_norm else windows
            # The barrier keeps XLA from computing every shifted copy once per use.
            seen = jax.lax.optimization_barrier(_seen(visible, lattice, block))
            return windows.at[inside].set(cell.update(own, windows[inside], seen)), None

        windows = cut_windows(state, halo, block, lattice.is_torus)
        windows, _ = jax.lax.scan(step, windows, None, length=self.inner_steps)
        return join_blocks(windows[inside], lattice.shape)

    def normalised(self, windows: Array) -> Array:
        """`(v - mean) / (sd + eps)` per window, `[block, *cells of a window]`."""
        axes = tuple(range(1, windows.ndim))
        centred = windows - jnp.mean(windows, axis=axes, keepdims=True)
        variance = jnp.mean(jnp.square(centred), axis=axes, keepdims=True)
        is_flat = variance == 0
        # Both branches of a `where` are differentiated, so the root must not see a zero.
        root = jnp.sqrt(jnp.where(is_flat, jnp.ones_like(variance), variance))
        return centred / (jnp.where(is_flat, jnp.zeros_like(root), root) + self.eps)


def _seen(windows: Array, lattice: AbstractLattice, block: tuple[int, ...]) -> Array:
    """What the cells of every block see at every slot, `[slot, block, *cells]`."""
    width, rank = 2 * lattice.halo + 1, len(block)
    box = windows[None]
    # Axis by axis, since XLA takes long to compile a slice per slot.
    for axis, size in enumerate(block):
        shifts = [jax.lax.slice_in_dim(box, by, by + size, axis=axis + 2) for by in range(width)]
        box = jnp.stack(shifts, axis=1).reshape(-1, *shifts[0].shape[1:])
    at = np.ravel_multi_index(tuple((lattice.offsets + lattice.halo).T), (width,) * rank)
    is_everything = np.array_equal(at, np.arange(width**rank))
    return box if is_everything else box[at]


def split_blocks(values: Array, block: tuple[int, ...]) -> Array:
    """`[..., *lattice]` to `[..., block, *cells of a block]`, blocks in row-major order."""
    lead = values.shape[: values.ndim - len(block)]
    counts = [size // part for size, part in zip(values.shape[len(lead) :], block, strict=True)]
    pairs = itertools.chain.from_iterable(zip(counts, block, strict=True))
    cut = values.reshape(*lead, *pairs)
    base, axes = len(lead), range(len(block))
    order = [*range(base), *(base + 2 * n for n in axes), *(base + 2 * n + 1 for n in axes)]
    return cut.transpose(order).reshape(*lead, math.prod(counts), *block)


def join_blocks(blocks: Array, shape: tuple[int, ...]) -> Array:
    """The inverse of `split_blocks` for `[block, *cells of a block]`."""
    block = blocks.shape[1:]
    counts = [size // part for size, part in zip(shape, block, strict=True)]
    rank = len(shape)
    order = itertools.chain.from_iterable((n, rank + n) for n in range(rank))
    return blocks.reshape(*counts, *block).transpose(tuple(order)).reshape(shape)


def cut_windows(state: Array, halo: int, block: tuple[int, ...], is_torus: bool) -> Array:
    """Every block with its halo, `[block, *cells of a window]`."""
    padded = jnp.pad(state, halo, mode="wrap" if is_torus else "constant")
    # Axis by axis: first all slabs along axis 0, then all bars of every slab, and so on.
    windows = padded[None]
    for axis, (size, part) in enumerate(zip(state.shape, block, strict=True)):
        pieces = [
            jax.lax.slice_in_dim(windows, at, at + part + 2 * halo, axis=axis + 1)
            for at in range(0, size, part)
        ]
        stacked = jnp.stack(pieces, axis=1)
        windows = stacked.reshape(-1, *stacked.shape[2:])
    return windows
