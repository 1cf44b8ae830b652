"""Checks that the tasks share."""

import math

from latticework.core.checks import require

SEED_LIMIT = 2**32
"""Seeds are below this: what both numpy and JAX take."""


def whole(name: str, value: object, low: int, high: int) -> None:
    """Check that `value` is an integer in `low..high`.

    Raises:
        ValueError: it is not; the sentence names the argument.
    """
    require(
        isinstance(value, int) and not isinstance(value, bool) and low <= value <= high,
        f"{name} is {value!r}; a whole number from {low:,} to {high:,} expected",
    )


def positive(name: str, value: object) -> None:
    """Check that `value` is a finite number above 0.

    Raises:
        ValueError: it is not; the sentence names the argument.
    """
    require(
        isinstance(value, int | float)
        and not isinstance(value, bool)
        and math.isfinite(value)
        and value > 0,
        f"{name} is {value!r}; a finite number above 0 expected",
    )


def seed(name: str, value: object) -> None:
    """Check that `value` is a seed, 0..2^32-1.

    Raises:
        ValueError: it is not; the sentence names the argument.
    """
    whole(name, value, 0, SEED_LIMIT - 1)
