"""The published grid's names: four flat groups there, three groups with a slot axis here."""

from collections.abc import Iterator

import jax.numpy as jnp
import numpy as np
from jax.typing import ArrayLike
from jaxtyping import Array

from latticework.cells import LeakyTanh
from latticework.core.cell import CellParams
from latticework.core.checks import require
from latticework.core.network import Network
from latticework.models import grid
from latticework.topologies.grid import LEFT, TOP
from latticework.verify.archive import Archive
from latticework.verify.outcomes import Check, compare

EXACT = 1e-12
"""Tolerance for arrays made in float64, relative to an array's largest value."""

GROUPS = ("log_tau", "w_left", "w_top", "bias")
"""The published parameter groups, each `[cell]`."""

_SLOT = {"w_left": LEFT, "w_top": TOP}


def stored_network(golden: Archive) -> Network:
    """The grid that `golden` says it was made with."""
    rows, cols = golden.count("N"), golden.count("M")
    return grid(rows, cols, LeakyTanh(dt=golden.number("dt")))


def stored_params(golden: Archive, num_cells: int, prefix: str = "") -> CellParams:
    """Parameters from the arrays `prefix + group`, in float64."""
    each = {name: golden.array(prefix + name, (num_cells,)) for name in GROUPS}
    return from_published({name: value.astype(np.float64) for name, value in each.items()})


def stored_target(golden: Archive, num_classes: int) -> Array:
    """The class of a file with one example.

    Raises:
        ValueError: there is none, or no such class.
    """
    target = golden.array("target", ())
    require(
        target.dtype.kind in "iu" and 0 <= int(target) < num_classes,
        f"{golden.name}: target is {target}, expected a class in 0..{num_classes - 1}",
    )
    return jnp.asarray(target)


def from_published(groups: dict[str, np.ndarray]) -> CellParams:
    """Four groups `[..., cell]` as parameters `[..., cell(, slot)]`."""
    weight = np.stack([groups["w_left"], groups["w_top"]], axis=-1)
    return {
        "log_tau": jnp.asarray(groups["log_tau"]),
        "weight": jnp.asarray(weight),
        "bias": jnp.asarray(groups["bias"]),
    }


def published_group(params: CellParams, name: str) -> np.ndarray:
    """The published group `name`, `[..., cell]`, out of parameters or anything congruent."""
    if name in _SLOT:
        return np.asarray(params["weight"])[..., _SLOT[name]]
    return np.asarray(params[name])


def compare_groups(
    golden: Archive, prefix: str, got: CellParams, tolerance: float = EXACT
) -> Iterator[Check]:
    """Compare `got` with the stored arrays `prefix + group`, group by group."""
    for name in GROUPS:
        stored = golden.array(prefix + name)
        yield compare(prefix + name, published_group(got, name), stored, tolerance)


def compare_array(golden: Archive, name: str, got: ArrayLike, tolerance: float = EXACT) -> Check:
    """Compare `got` with the stored array `name`."""
    return compare(name, np.asarray(got), golden.array(name), tolerance)
