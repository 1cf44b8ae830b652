"""Between the layout of the golden files and ours."""

from collections.abc import Iterator

import jax.numpy as jnp
import numpy as np
from jaxtyping import Array
from numpy.typing import ArrayLike

from latticework.cells.level_nets import LevelNets, NetParams
from latticework.models.glom_weights import STORED
from latticework.verify.archive import Archive
from latticework.verify.outcomes import Check, compare

TOLERANCE = 1e-10
"""Relative; everything is computed in float64."""


def ours(state: ArrayLike) -> Array:
    """`[batch, row, col, level, channel]` as `[level, channel, batch, row, col]`."""
    return jnp.moveaxis(jnp.asarray(state), (-2, -1), (0, 1))


def theirs(state: Array) -> np.ndarray:
    """`[level, channel, ...]` as `[..., level, channel]`."""
    return np.moveaxis(np.asarray(state), (0, 1), (-2, -1))


def stored_params(golden: Archive, nets: LevelNets, prefix: str = "") -> NetParams:
    """The parameters of all nets, `[net, ...]`."""

    def one(stored: str) -> Array:
        names = [f"{prefix}{net.kind}_{net.index}_{stored}" for net in nets.nets]
        return jnp.stack([jnp.asarray(golden.array(name)) for name in names])

    return {name: one(stored) for name, stored in STORED.items()}


def compare_params(
    golden: Archive, nets: LevelNets, prefix: str, found: NetParams
) -> Iterator[Check]:
    """One check per parameter group, all nets together."""
    for name, expected in stored_params(golden, nets, prefix).items():
        yield compare(f"{prefix}{name}", found[name], np.asarray(expected), TOLERANCE)


def compare_array(golden: Archive, name: str, got: ArrayLike) -> Check:
    """The array `name`, in its own layout."""
    return compare(name, got, golden.array(name), TOLERANCE)
