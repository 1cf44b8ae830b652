"""Accuracy against the size of something, one panel per thing, with published points."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.axes import Axes

from latticework.core.checks import require
from latticework.pictures import style

_COLUMNS = 4
_WIDTH, _HEIGHT = 2.05, 1.55


def sweep_panels(
    panels: Sequence[Mapping[str, Any]],
    path: Path | str,
    *,
    title: str = "",
    explanation: str = "",
    chance: float | None = 0.1,
) -> Path:
    """Draw one panel per sweep: mean and standard deviation over seeds at every size.

    Sizes stand at equal distances, since published sizes grow by factors.

    Args:
        panels: each with `title`, `series` (name to size to values over seeds) and `published`
            (size to value, may be empty).
        path: where to save, .png.
        title: what was swept.
        explanation: what the marks mean.
        chance: accuracy of a guess, drawn as a line; None for no line.

    Raises:
        ValueError: there is no panel.
        OSError: it cannot be written.
    """
    require(len(panels) > 0, "there is no panel to draw; measure something first")
    style.checked_path(path, ".png")
    rows = -(-len(panels) // _COLUMNS)
    columns = min(len(panels), _COLUMNS)
    width = max(0.5 + columns * (_WIDTH + 0.25), 8.0)
    with style.new_figure(width, 0.75 + rows * (_HEIGHT + 0.65)) as figure:
        style.head(figure, title, "accuracy under each condition", explanation)
        top = _highest(panels)
        for at, panel in enumerate(panels):
            row, column = divmod(at, _COLUMNS)
            left = 0.5 + column * (_WIDTH + 0.25)
            axes = style.place(figure, left, 0.95 + row * (_HEIGHT + 0.65), _WIDTH, _HEIGHT)
            _panel(axes, panel, chance)
            axes.set_ylim(0, top)
            if column:
                axes.set_yticklabels([])
            if at == 0:
                marks, names = axes.get_legend_handles_labels()
        # Beside the title, where it covers no curve.
        figure.legend(marks, names, loc="upper right", ncols=2, fontsize=8.0)
        return style.save_png(figure, path)


def _highest(panels: Sequence[Mapping[str, Any]]) -> float:
    values = [
        value
        for panel in panels
        for series in panel["series"].values()
        for each in series.values()
        for value in each
    ]
    values += [value for panel in panels for value in panel["published"].values()]
    return min(1.0, 1.1 * max(values, default=1.0))


def _panel(axes: Axes, panel: Mapping[str, Any], chance: float | None) -> None:
    sizes = sorted({*panel["published"], *(s for each in panel["series"].values() for s in each)})
    place = {size: float(at) for at, size in enumerate(sizes)}
    if chance is not None:
        axes.axhline(chance, color=style.FAINT, lw=1.0)
    for number, (name, series) in enumerate(panel["series"].items()):
        kept = [size for size in sizes if series.get(size)]
        means = [float(np.mean(series[size])) for size in kept]
        spread = [_deviation(series[size]) for size in kept]
        axes.errorbar(
            [place[size] for size in kept],
            means,
            yerr=spread,
            color=style.CYCLE[number % len(style.CYCLE)],
            lw=1.5,
            marker="o",
            ms=3.5,
            capsize=2.5,
            label=name,
        )
    if panel["published"]:
        axes.plot(
            [place[size] for size in panel["published"]],
            list(panel["published"].values()),
            ls="none",
            marker="D",
            ms=4.5,
            mfc=style.PAPER,
            mec=style.INK,
            mew=1.0,
            zorder=5,
            label="published",
        )
    axes.set_xticks(list(place.values()), [f"{size:g}" for size in sizes], fontsize=7.5)
    # As much as fits above a panel.
    axes.set_title(panel["title"], fontsize=min(8.5, 8.5 * 34 / max(len(panel["title"]), 1)))


def _deviation(values: Sequence[float]) -> float:
    return float(np.std(values, ddof=1)) if len(values) > 1 else 0.0
