"""Printing: tables and sentences for people, one JSON value for programs."""

import json
from collections.abc import Sequence
from typing import Any

from rich.console import Console
from rich.table import Table

from latticework.train import plain

WIDTH_WITHOUT_TERMINAL = 110


def console() -> Console:
    """Standard output; wide enough for tables when it is not a terminal."""
    found = Console(highlight=False)
    if not found.is_terminal:
        found = Console(highlight=False, width=WIDTH_WITHOUT_TERMINAL)
    return found


def print_json(value: Any) -> None:
    """One JSON value on one line."""
    print(json.dumps(plain(value), allow_nan=False))


def table(headers: Sequence[str], rows: Sequence[Sequence[Any]], *, numbers: int = 0) -> Table:
    """A table; columns from `numbers` on are aligned to the right when `numbers` is positive."""
    made = Table(box=None, pad_edge=False, header_style="bold")
    for at, header in enumerate(headers):
        made.add_column(header, justify="right" if numbers and at >= numbers else "left")
    for row in rows:
        made.add_row(*(str(value) for value in row))
    return made


def accuracy(value: float | None) -> str:
    """An accuracy with three digits, or a dash."""
    return "-" if value is None else f"{value:.3f}"


def spread(summary: Any) -> str:
    """`mean ± sd` of a summary or of its JSON form."""
    if summary is None:
        return "-"
    get = summary.get if isinstance(summary, dict) else lambda name: getattr(summary, name)
    text = accuracy(get("mean"))
    return text if get("sd") is None else f"{text} ± {accuracy(get('sd'))}"
