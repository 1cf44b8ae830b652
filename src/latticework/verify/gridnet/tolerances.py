"""How far off a replay of gridnet may be."""

from jax.typing import ArrayLike

from latticework.verify.archive import Archive
from latticework.verify.outcomes import Check, compare

OUTPUT = 1e-12
"""Of outputs in float64, relative to an array's largest value."""

GRADIENT = 1e-11
"""Of gradients in float64."""

ROUNDED = 5e-9
"""Of arrays that are stored with 28 bits of mantissa."""


def compare_gradient(
    golden: Archive, name: str, got: ArrayLike, *, is_rounded: bool = False
) -> Check:
    """Compare a gradient with the stored array `name`."""
    return compare(name, got, golden.array(name), ROUNDED if is_rounded else GRADIENT)


def compare_output(golden: Archive, name: str, got: ArrayLike) -> Check:
    """Compare an output with the stored array `name`."""
    return compare(name, got, golden.array(name), OUTPUT)
