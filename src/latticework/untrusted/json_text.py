"""JSON text, strictly: bounded in size, depth and numbers; no key twice, no NaN."""

import json
import math
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NoReturn

from latticework.core.checks import require
from latticework.untrusted.files import read_file
from latticework.untrusted.schema import Check, anything

MAX_BYTES = 1 << 26
MAX_PARTS = 1 << 21
"""Most commas, colons and brackets: each may stand for an object of some hundred bytes."""

MAX_DEPTH = 64
MAX_DIGITS = 20
"""Of a whole number: enough for any of 64 bits."""


def parse_json(text: str | bytes) -> Any:
    """The value that JSON text stands for.

    Raises:
        ValueError: the text is not JSON; is too long, too deep or has too many parts; has a key
            twice in one object, a number that is not finite or of more than 64 bits, or half of a
            surrogate pair. The message is a phrase that fits into brackets.
    """
    require(len(text) <= MAX_BYTES, f"it has {len(text):,} bytes, more than {MAX_BYTES:,}")
    if isinstance(text, bytes):
        try:
            text = text.decode()
        except UnicodeDecodeError as error:
            raise ValueError(f"it is not UTF-8 from byte {error.start} on") from None
    parts = sum(text.count(mark) for mark in ",:[{")
    require(parts <= MAX_PARTS, f"it has {parts:,} parts, more than {MAX_PARTS:,}")
    try:
        value = _DECODER.decode(text)
    except RecursionError:
        raise ValueError(f"it is nested more than {MAX_DEPTH} deep") from None
    _check_depth(value)
    if "\\ud" in text or "\\uD" in text or not text.isascii():
        _check_characters(value)
    return value


def read_json(path: Path, check: Check = anything, *, advice: str) -> Any:
    """The value in a file of JSON text.

    Args:
        path: the file.
        check: what the value must be.
        advice: what to do about a file that is not so; ends the sentence.

    Raises:
        ValueError: it is not so; one sentence.
        OSError: the file is not there or cannot be read.
    """
    data = read_file(path, MAX_BYTES)
    try:
        value = parse_json(data)
        check(value, "")
    except ValueError as error:
        raise ValueError(f"{path} is damaged ({error}); {advice}") from error
    return value


def read_json_lines(path: Path, check: Check = anything, *, advice: str) -> list[Any]:
    """The values in a file of one JSON text per line; a last line that was cut off is left out.

    Args, errors: as of `read_json`.
    """
    data = read_file(path, MAX_BYTES)
    values, parts = [], 0
    for number, line in enumerate(data.split(b"\n")[:-1], start=1):
        try:
            parts += sum(line.count(mark) for mark in b",:[{")
            require(parts <= MAX_PARTS, f"the file has more than {MAX_PARTS:,} parts")
            value = parse_json(line)
            check(value, "")
        except ValueError as error:
            raise ValueError(f"{path} is damaged (line {number}: {error}); {advice}") from error
        values.append(value)
    return values


def _check_depth(value: Any) -> None:
    """Refuse what is nested too deep for those who walk through it; does not recurse itself."""
    level = [value]
    for _ in range(MAX_DEPTH + 1):
        level = [inner for outer in level for inner in _containers(outer)]
        if not level:
            return
    raise ValueError(f"it is nested more than {MAX_DEPTH} deep")


def _containers(value: Any) -> Iterator[Any]:
    inside = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    return (inner for inner in inside if isinstance(inner, dict | list))


def _check_characters(value: Any) -> None:
    """Refuse halves of surrogate pairs: no file and no terminal can take them."""
    pending = [value]
    while pending:
        value = pending.pop()
        if isinstance(value, str):
            try:
                value.encode()
            except UnicodeEncodeError:
                raise ValueError("a text in it holds half of a surrogate pair") from None
        elif isinstance(value, dict):
            pending += [*value, *value.values()]
        elif isinstance(value, list):
            pending += value


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    made = dict(pairs)
    if len(made) < len(pairs):
        seen: set[str] = set()
        twice = next(key for key, _ in pairs if key in seen or seen.add(key))
        raise ValueError(f"the key {twice[:40]!r} stands twice in one object")
    return made


def _whole(digits: str) -> int:
    require(
        len(digits) <= MAX_DIGITS,
        f"a whole number in it has {len(digits):,} digits, more than {MAX_DIGITS}",
    )
    return int(digits)


def _real(digits: str) -> float:
    number = float(digits)
    require(math.isfinite(number), f"the number {digits[:40]} in it is too large")
    return number


def _constant(name: str) -> NoReturn:
    raise ValueError(f"{name} in it is no JSON")


_DECODER = json.JSONDecoder(
    object_pairs_hook=_object, parse_int=_whole, parse_float=_real, parse_constant=_constant
)
