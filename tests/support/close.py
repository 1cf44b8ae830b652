"""How far two arrays are apart, relative to the largest value: nothing else is a float32 tolerance.

An entry near zero is often a difference of large ones, so its own size says nothing about its
rounding; the largest entry of its array does. Machines differ in how they round: with other SIMD
instructions XLA adds in another order and joins other products and sums.
"""

from typing import Any

import jax
import numpy as np

FEW_ROUNDINGS = 1e-6
"""A few operations in float32, each off by 6e-8 at most: the same formula in another program."""

SUMS = 1e-5
"""Sums of tens to hundreds of terms in another order, or a handful of steps one after another."""

TRAINING = 1e-4
"""Parameters after tens of steps, each of which carries the roundings of all before it."""


def largest_error(got: Any, expected: Any) -> float:
    """Largest difference of two trees, each leaf relative to its largest expected entry.

    A leaf that should be zero is compared with the largest entry of the whole tree. An entry that
    is no number is infinitely far off, unless both are nan or the same infinity.
    """
    pairs = [
        (np.asarray(g, np.float64), np.asarray(e, np.float64))
        for g, e in zip(jax.tree.leaves(got), jax.tree.leaves(expected), strict=True)
    ]
    most = max(_size(e) for _, e in pairs)
    return max(_difference(g, e) / (_size(e) or most or 1.0) for g, e in pairs)


def close_to_largest(got: Any, expected: Any, tolerance: float) -> None:
    """Assert that `largest_error` is at most `tolerance`; one of those above, or with a reason."""
    error = largest_error(got, expected)
    assert error <= tolerance, f"{error:.2g} of the largest value, allowed is {tolerance:g}"


def _size(values: np.ndarray) -> float:
    """The largest finite entry."""
    return float(np.abs(values[np.isfinite(values)]).max(initial=0))


def _difference(got: np.ndarray, expected: np.ndarray) -> float:
    """The largest difference of two arrays."""
    assert got.shape == expected.shape, f"{got.shape} is not {expected.shape}"
    same = (got == expected) | (np.isnan(got) & np.isnan(expected))
    with np.errstate(invalid="ignore"):
        apart = np.where(same, 0.0, np.abs(got - expected))
    return float(np.where(np.isnan(apart), np.inf, apart).max(initial=0))
