"""Several quantities against the reach of the traces, a line per network."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from latticework.core.checks import require
from latticework.pictures import style


def reach_panels(
    rows: Sequence[Mapping[str, Any]],
    panels: Sequence[tuple[str, str, bool]],
    path: Path | str,
    *,
    title: str = "",
    explanation: str = "",
) -> Path:
    """Draw one panel per quantity.

    Reaches stand at equal distances. A quantity with one value per seed has its standard deviation.

    Args:
        rows: each with `network`, `hops` and the quantities.
        panels: (title, name of the quantity, whether its axis is logarithmic).
        path: where to save, .png.
        title: what was swept.
        explanation: how to read it.

    Raises:
        ValueError: there is no row.
        OSError: it cannot be written.
    """
    require(len(rows) > 0, "there is no row to draw; measure something first")
    style.checked_path(path, ".png")
    reaches = sorted({row["hops"] for row in rows})
    networks = list(dict.fromkeys(row["network"] for row in rows))
    with style.new_figure(9.2, 5.6) as figure:
        style.head(figure, title, "reach of the traces, in hops", explanation)
        for at, (name, quantity, is_log) in enumerate(panels):
            row, column = divmod(at, 2)
            axes = style.place(figure, 0.6 + 4.45 * column, 0.95 + 2.3 * row, 3.8, 1.75)
            for network in networks:
                own = [one for one in rows if one["network"] == network]
                own = [one for one in own if one.get(quantity) is not None]
                values = [np.atleast_1d(np.asarray(one[quantity], float)) for one in own]
                axes.errorbar(
                    [reaches.index(one["hops"]) for one in own],
                    [value.mean() for value in values],
                    yerr=[value.std(ddof=1) if value.size > 1 else 0 for value in values],
                    marker="o",
                    ms=3.5,
                    lw=1.5,
                    capsize=2.5,
                    label=network.replace("_", " "),
                )
            axes.set_xticks(range(len(reaches)), [str(reach) for reach in reaches])
            axes.set_title(name)
            if is_log:
                axes.set_yscale("log")
            if at == 0:
                axes.legend(loc="lower right")
        return style.save_png(figure, path)
