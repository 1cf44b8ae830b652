"""Checks that the tasks share."""

from latticework.core.checks import require

SMALLEST_SCALE = 1e-30
"""Smallest factor on the data; the largest is its inverse."""


def whole(name: str, value: object, low: int, high: int) -> None:
    """Check that `value` is an integer in `low..high`.

    Raises:
        ValueError: it is not; the sentence names the argument.
    """
    require(
        isinstance(value, int) and not isinstance(value, bool) and low <= value <= high,
        f"{name} is {value!r}; a whole number from {low:,} to {high:,} expected",
    )


def scale(name: str, value: object, *, may_be_zero: bool = False) -> None:
    """Check that `value` is a factor that float32 can work with: 1e-30 to 1e30, maybe 0.

    Raises:
        ValueError: it is not; the sentence names the argument.
    """
    require(
        isinstance(value, int | float)
        and not isinstance(value, bool)
        and (SMALLEST_SCALE <= value <= 1 / SMALLEST_SCALE or (may_be_zero and value == 0)),
        f"{name} is {value!r}; a number from {SMALLEST_SCALE:g} to {1 / SMALLEST_SCALE:g} "
        f"{'or 0 ' if may_be_zero else ''}expected",
    )
