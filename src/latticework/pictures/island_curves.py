"""How islands of agreement grow or fall apart while columns settle."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from matplotlib.axes import Axes

from latticework.core.checks import require
from latticework.pictures import style

_WIDTH, _HEIGHT, _EDGE, _HEAD = 2.6, 1.9, 0.6, 0.85


def island_curves(
    rows: Sequence[Mapping[str, Any]], path: Path | str, *, title: str = "", threshold: float = 0.9
) -> Path:
    """Two panels per network: the number of islands, and the size of the typical one.

    Args:
        rows: of the study, each with `network`, `weights`, `columns`, `steps`, `number` and
            `typical` `[level][step]`.
        path: where to save, .png.
        title: of the study.
        threshold: cosine from which neighbours agree.

    Raises:
        ValueError: there is no row, or the path is not a .png.
        OSError: it cannot be written.
    """
    require(len(rows) > 0, "there is nothing to draw: no network was measured")
    width = _EDGE + len(rows) * (_WIDTH + _EDGE)
    with style.new_figure(max(width, 6.0), _HEAD + 2 * (_HEIGHT + 0.75)) as figure:
        explanation = (
            f"connected columns whose neighbours' vectors have a cosine of at least {threshold:g}, "
            "in the mean over test images"
        )
        style.head(figure, title, "islands of agreement", explanation)
        for at, row in enumerate(rows):
            left = _EDGE + at * (_WIDTH + _EDGE)
            for below, (name, what) in enumerate(
                (("number", "islands"), ("typical", "share of the plane"))
            ):
                top = _HEAD + 0.25 + below * (_HEIGHT + 0.75)
                axes = style.place(figure, left, top, _WIDTH, _HEIGHT)
                scale = row["columns"] if name == "typical" else 1
                _curves(axes, row["steps"], row[name], scale)
                if below == 0:
                    axes.set_title(f"{row['network']}\n{row['weights']}", fontsize=8)
                    axes.set_ylim(0, row["columns"] * 1.05)
                else:
                    axes.set_ylim(0, 1.05)
                    axes.set_xlabel("step")
                if at == 0:
                    axes.set_ylabel(what if name == "number" else f"typical island, {what}")
        handles, labels = axes.get_legend_handles_labels()
        figure.legend(handles, labels, loc="upper right", ncols=len(labels), fontsize=8)
        return style.save_png(figure, path)


def _curves(
    axes: Axes, steps: Sequence[int], values: Sequence[Sequence[float]], scale: float
) -> None:
    for level, each in enumerate(values):
        axes.plot(steps, [v / scale for v in each], marker=".", label=f"level {level}")
