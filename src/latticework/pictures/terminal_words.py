"""Words under drawings for a terminal."""

import textwrap

WIDTH = 80
"""Columns that a drawing may take."""


def count(number: int, noun: str) -> str:
    """A number with its noun, in the plural where due."""
    return f"{number} {noun}{'' if number == 1 else 's'}"


def span(letter: str, number: int) -> str:
    """`x0..x27` for 28 of them."""
    return f"{letter}0" if number == 1 else f"{letter}0..{letter}{number - 1}"


def paragraph(text: str) -> list[str]:
    """Lines of a drawing's width, set in by one column."""
    return textwrap.wrap(text, WIDTH - 1, initial_indent=" ", subsequent_indent=" ")
