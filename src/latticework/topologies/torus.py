"""The plane lattice without a border: each site sees the 3 x 3 sites around it, itself included.

The sites of this lattice are fed by each other in a circle, so it is no `Wiring` of cells in
topological order: a neighbourhood is a copy of the whole state, rolled.
"""

import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

SHIFTS = np.array([(row, col) for row in (-1, 0, 1) for col in (-1, 0, 1)])
"""`[block, 2]`: by how many rows and columns block k is rolled; block 4 is the site itself."""


def neighbours(state: Float[Array, "... row col"]) -> Float[Array, "block ... row col"]:
    """The nine rolled copies: block k at (i, j) is the state at (i, j) - SHIFTS[k], modulo size."""
    rolled = [jnp.roll(state, tuple(map(int, shift)), (-2, -1)) for shift in SHIFTS]
    return jnp.stack(rolled)


def neighbourhood(
    state: Float[Array, "level channel ... row col"],
) -> Float[Array, "level block_channel ... row col"]:
    """The nine copies side by side, block-major: entry k D + d is channel d of block k."""
    return join_blocks(neighbours(state))


def join_blocks(
    blocks: Float[Array, "block level channel ..."],
) -> Float[Array, "level block_channel ..."]:
    """Copies `[block, level, channel, ...]` side by side, block-major, as `neighbourhood` does."""
    moved = jnp.moveaxis(blocks, 0, 1)
    return moved.reshape(moved.shape[0], -1, *moved.shape[3:])


def distance_squared(rows: int, cols: int) -> np.ndarray:
    """`[site, site]`: squared Euclidean distance the short way round."""
    row, col = np.divmod(np.arange(rows * cols), cols)

    def along(position: np.ndarray, size: int) -> np.ndarray:
        apart = np.abs(position[:, None] - position[None])
        return np.minimum(apart, size - apart)

    return along(row, rows) ** 2 + along(col, cols) ** 2
