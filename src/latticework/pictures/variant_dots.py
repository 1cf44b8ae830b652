"""Variants of one network, a panel per thing that is changed: seeds as dots, means as bars."""

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np

from latticework.core.checks import require
from latticework.pictures import style

_ROW, _GAP = 0.24, 0.5
_LEFT, _WIDTH = 3.1, 5.2


def variant_dots(
    panels: Mapping[str, Mapping[str, Sequence[float]]],
    path: Path | str,
    *,
    title: str = "",
    explanation: str = "",
) -> Path:
    """Draw a line per variant, panels one below the other on one scale.

    Args:
        panels: what is changed, to variant, to values over seeds.
        path: where to save, .png.
        title: what the variants are of.
        explanation: what the marks mean.

    Raises:
        ValueError: there is nothing to draw.
        OSError: it cannot be written.
    """
    shown = {name: panel for name, panel in panels.items() if panel}
    require(len(shown) > 0, "there is no variant to draw; measure something first")
    style.checked_path(path, ".png")
    heights = [_ROW * len(panel) for panel in shown.values()]
    values = [value for panel in shown.values() for each in panel.values() for value in each]
    lowest = max(0.0, np.floor(10 * min(values, default=0.0)) / 10)
    with style.new_figure(8.6, sum(heights) + _GAP * len(heights) + 1.2) as figure:
        style.head(figure, title, "accuracy of every variant", explanation)
        top = 1.05
        for number, (name, panel) in enumerate(shown.items()):
            axes = style.place(figure, _LEFT, top, _WIDTH, heights[number])
            for at, each in enumerate(panel.values()):
                axes.plot(each, [at] * len(each), ".", color=style.CYCLE[0], ms=5, alpha=0.5, mew=0)
                if each:
                    axes.plot([np.mean(each)] * 2, [at - 0.3, at + 0.3], color=style.CYCLE[0])
            axes.set_yticks(range(len(panel)), list(panel))
            axes.set_ylim(len(panel) - 0.5, -0.5)
            axes.set_xlim(lowest, 1)
            axes.grid(axis="y", color=style.FAINT, lw=0.6)
            axes.set_axisbelow(True)
            axes.set_title(name, fontsize=8.5, loc="left")
            if number < len(shown) - 1:
                axes.set_xticklabels([])
            top += heights[number] + _GAP
        return style.save_png(figure, path)
