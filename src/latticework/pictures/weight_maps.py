"""Weights before and after learning, matrix by matrix."""

from collections.abc import Mapping
from pathlib import Path

import numpy as np

from latticework.core.checks import require
from latticework.pictures import style

_SIDE, _GAP = 2.35, 0.75


def weight_maps(
    before: Mapping[str, np.ndarray],
    after: Mapping[str, np.ndarray],
    path: Path | str,
    *,
    title: str = "",
) -> Path:
    """Draw each link's matrix at the start and at the end, and both distributions.

    Args:
        before, after: `[source, target]` by link.
        path: where to save, .png.
        title: what learned.

    Raises:
        ValueError: there is no matrix, or the two do not have the same.
        OSError: it cannot be written.
    """
    require(
        len(before) > 0 and set(before) == set(after),
        f"weights before are of {list(before)}, after of {list(after)}; expected the same links",
    )
    style.checked_path(path, ".png")
    with style.new_figure(8.6, 0.75 + len(before) * (_SIDE + _GAP)) as figure:
        text = "rows are sources, columns targets; the darkest is the largest weight of the link"
        style.head(figure, title, "weights before and after learning", text)
        for row, name in enumerate(before):
            top = 0.95 + row * (_SIDE + _GAP)
            most = float(max(before[name].max(), after[name].max())) or 1.0
            for column, (word, values) in enumerate(
                (("before", before[name]), ("after", after[name]))
            ):
                axes = style.place(figure, 0.5 + column * 2.8, top, _SIDE, _SIDE)
                axes.imshow(values, cmap=style.ink_colours(), vmin=0, vmax=most, aspect="auto")
                axes.set_title(f"{name}, {word}", parse_math=False)
            axes = style.place(figure, 6.35, top, 2.05, _SIDE)
            edges = np.linspace(0, most, 25)
            for word, values, colour in (
                ("before", before[name], style.SOFT),
                ("after", after[name], style.MARK),
            ):
                share = np.histogram(values, edges)[0] / values.size
                axes.stairs(np.maximum(share, 1e-5), edges, color=colour, label=word)
            axes.set(yscale="log", title="share of weights", xlabel="weight", ylim=(1e-5, 1.5))
            axes.legend(loc="upper center", fontsize=7.0)
        return style.save_png(figure, path)
