"""What a JSON value must be, as checks that are put together.

A check takes a value and its place ("per_seed[2]", "" for the whole) and raises ValueError with a
phrase that names the place, what is there and what was expected.
"""

import reprlib
from collections.abc import Callable, Mapping
from typing import Any

from latticework.core.checks import require

Check = Callable[[Any, str], None]

_short = reprlib.Repr()
_short.maxstring = _short.maxother = 60
_short.maxlevel = 2


def anything(value: Any, at: str) -> None:
    """No demand."""


def whole(low: int, high: int = 2**63 - 1) -> Check:
    """A whole number in `low..high`."""

    def check(value: Any, at: str) -> None:
        good = isinstance(value, int) and not isinstance(value, bool) and low <= value <= high
        _require(good, value, at, f"a whole number in {low}..{high}")

    return check


def number(value: Any, at: str) -> None:
    """A number; JSON knows only finite ones."""
    good = isinstance(value, int | float) and not isinstance(value, bool)
    _require(good, value, at, "a number")


def text(value: Any, at: str) -> None:
    """A text."""
    _require(isinstance(value, str), value, at, "a text")


def flag(value: Any, at: str) -> None:
    """True or false."""
    _require(isinstance(value, bool), value, at, "true or false")


def optional(check: Check) -> Check:
    """`check`, or null."""

    def checked(value: Any, at: str) -> None:
        if value is not None:
            check(value, at)

    return checked


def either(first: Check, second: Check, what: str) -> Check:
    """One of two; `what` says both in words."""

    def checked(value: Any, at: str) -> None:
        for check in (first, second):
            try:
                return check(value, at)
            except ValueError:
                continue
        return _require(False, value, at, what)

    return checked


def items(check: Check, most: int = 1 << 20, least: int = 0) -> Check:
    """A list of `least` to `most` items, every one of which passes `check`."""

    def checked(value: Any, at: str) -> None:
        _require(isinstance(value, list), value, at, "a list")
        require(
            least <= len(value) <= most,
            f"{at or 'it'} has {len(value):,} items, expected {least:,} to {most:,}",
        )
        for place, item in enumerate(value):
            check(item, f"{at}[{place}]")

    return checked


def mapping(check: Check) -> Check:
    """An object, every value of which passes `check`, whatever its key."""

    def checked(value: Any, at: str) -> None:
        _require(isinstance(value, dict), value, at, "an object")
        for key, item in value.items():
            check(item, _inside(at, key))

    return checked


def record(fields: Mapping[str, Check], may_lack: Mapping[str, Check] | None = None) -> Check:
    """An object with certain fields, and some that may be left out; others may be there too."""
    every = {**fields, **(may_lack or {})}

    def checked(value: Any, at: str) -> None:
        _require(isinstance(value, dict), value, at, "an object")
        for name in fields:
            require(name in value, f"{at or 'it'} has no {name!r}")
        for name, check in every.items():
            if name in value:
                check(value[name], _inside(at, name))

    return checked


def shown(value: Any) -> str:
    """A value in a few characters, for a message."""
    return _short.repr(value)


def _inside(at: str, name: str) -> str:
    name = name if len(name) <= 60 else f"{name[:57]}..."
    return f"{at}.{name}" if at else name


def _require(condition: bool, value: Any, at: str, expected: str) -> None:
    if not condition:
        raise ValueError(f"{at or 'it'} is {shown(value)}, expected {expected}")
