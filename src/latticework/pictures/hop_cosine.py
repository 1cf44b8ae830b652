"""How a truncated rule's direction approaches the true gradient with the number of hops."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.ticker import MaxNLocator

from latticework.core.checks import require
from latticework.pictures import style

_FLOOR = 1e-16


def hop_cosine(rows: Sequence[Mapping[str, Any]], path: Path | str, *, title: str = "") -> Path:
    """Draw the cosine per parameter group against hops, and how far it is from 1.

    Args:
        rows: one per number of hops: `hops`, and `cosine` by parameter group.
        path: where to save, .png.
        title: what was checked.

    Raises:
        ValueError: no rows, rows of different groups, or a cosine outside -1..1.
        OSError: it cannot be written.
    """
    hops, cosines = _table(rows)
    style.checked_path(path, ".png")
    with style.new_figure(8.4, 3.7) as figure:
        text = "cosine between the rule's direction and the exact gradient, by parameter group"
        style.head(figure, title, "gradient cosine against hops", text)
        near = style.place(figure, 0.65, 0.9, 3.4, 2.3)
        far = style.place(figure, 4.8, 0.9, 3.35, 2.3)
        for n, (name, values) in enumerate(cosines.items()):
            look = {"color": style.CYCLE[n % len(style.CYCLE)], "marker": "osD^vP"[n % 6], "ms": 4}
            near.plot(hops, values, lw=1.6, label=name, **look)
            far.plot(hops, np.maximum(1 - values, _FLOOR), lw=1.6, **look)
        lowest = min(values.min() for values in cosines.values())
        near.set(title="cosine", ylim=(min(lowest - 0.03, 0.9) if lowest < 1 else 0.9, 1.01))
        near.axhline(1, color=style.SOFT, lw=0.8, ls=":")
        near.legend(loc="lower right")
        far.set(title="1 - cosine (0 is drawn at 1e-16)", yscale="log")
        for axes in (near, far):
            _finish(axes)
        return style.save_png(figure, path)


def _finish(axes: Axes) -> None:
    axes.set_xlabel("hops kept")
    axes.xaxis.set_major_locator(MaxNLocator(integer=True))
    axes.grid(axis="y", color=style.FAINT, lw=0.6)
    axes.set_axisbelow(True)


def _table(rows: Sequence[Mapping[str, Any]]) -> tuple[np.ndarray, dict[str, np.ndarray]]:
    """Hops in rising order, and the cosines by group in that order."""
    require(len(rows) > 0, "there is no row to draw; expected one per number of hops")
    rows = sorted(rows, key=lambda row: row["hops"])
    groups = list(rows[0]["cosine"])
    require(
        all(list(row["cosine"]) == groups for row in rows),
        f"the rows have different parameter groups; expected {', '.join(groups)} in each",
    )
    cosines = {name: np.array([row["cosine"][name] for row in rows], float) for name in groups}
    for name, values in cosines.items():
        require(
            bool(np.all(np.abs(values) <= 1 + 1e-9)),
            f"a cosine of {name!r} is not a number in -1..1: {values.tolist()}",
        )
    return np.array([row["hops"] for row in rows]), cosines
