"""Printing: tables and sentences for people, one JSON value for programs."""

import functools
import json
import os
import shlex
from collections.abc import Sequence
from typing import Any

from rich.console import Console
from rich.table import Table
from rich.text import Text

from latticework.train import plain
from latticework.untrusted import printable

WIDTH_WITHOUT_TERMINAL = 110


class _PlainConsole(Console):
    """A console that prints every text, in tables too, as it is: names come from anywhere.

    Brackets and words between colons are neither styles nor pictures, and what a terminal would act
    on is shown as its escape.
    """

    def render_str(self, text: str, **options: Any) -> Text:
        """`text` as what is printed."""
        return super().render_str(printable(text), **options)


def console() -> Console:
    """Standard output; as wide as COLUMNS says, or wide enough for tables without a terminal."""
    plain_text = functools.partial(_PlainConsole, highlight=False, markup=False, emoji=False)
    found = plain_text()
    is_told = found.is_terminal or os.environ.get("COLUMNS", "").isdecimal()
    return found if is_told else plain_text(width=WIDTH_WITHOUT_TERMINAL)


def command(*words: Any) -> str:
    """A command line that a shell reads back as these words."""
    return shlex.join(map(str, words))


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
