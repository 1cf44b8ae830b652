"""Versions of one experiment on one scale: seeds as dots, means as bars, published numbers."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.axes import Axes

from latticework.core.checks import require
from latticework.pictures import style

_ROW = 0.26
_SERIES = (("faithful", style.CYCLE[0], -0.17), ("corrected", style.CYCLE[1], 0.17))


def version_dots(
    lines: Sequence[Mapping[str, Any]],
    path: Path | str,
    *,
    title: str = "",
    explanation: str = "",
    chance: float = 0.1,
) -> Path:
    """Draw a line per version.

    Args:
        lines: each with `name`, `published` (or None), and values over seeds under `faithful` and
            `corrected` (or None).
        path: where to save, .png.
        title: what the versions are of.
        explanation: what the marks mean.
        chance: accuracy of a guess, drawn as a line.

    Raises:
        ValueError: there is no line.
        OSError: it cannot be written.
    """
    require(len(lines) > 0, "there is no version to draw; measure something first")
    style.checked_path(path, ".png")
    height = _ROW * len(lines)
    with style.new_figure(8.4, height + 1.6) as figure:
        style.head(figure, title, "accuracy of every version", explanation)
        axes = style.place(figure, 2.3, 0.85, 5.8, height)
        axes.axvline(chance, color=style.FAINT, lw=1.0)
        for at, line in enumerate(lines):
            _line(axes, at, line)
        axes.set_yticks(range(len(lines)), [line["name"] for line in lines])
        axes.set_ylim(len(lines) - 0.4, -0.6)
        axes.set_xlim(0, 1)
        axes.set(xlabel="accuracy")
        axes.grid(axis="y", color=style.FAINT, lw=0.6)
        axes.set_axisbelow(True)
        axes.legend(loc="upper right", fontsize=7.0)
        return style.save_png(figure, path)


def _line(axes: Axes, at: int, line: Mapping[str, Any]) -> None:
    """One version; only the first is named in the legend."""
    for name, colour, shift in _SERIES:
        values = line.get(name)
        if not values:
            continue
        place = np.full(len(values), at + shift)
        axes.plot(values, place, ".", color=colour, alpha=0.45, ms=4, mew=0)
        label = f"{name} semantics" if at == 0 else None
        mean = float(np.mean(values))
        axes.plot([mean, mean], [at + shift - 0.15, at + shift + 0.15], color=colour, label=label)
    if line["published"] is not None:
        label = "published" if at == 0 else None
        axes.plot(line["published"], at, "D", ms=4, mfc="none", color=style.INK, label=label)
