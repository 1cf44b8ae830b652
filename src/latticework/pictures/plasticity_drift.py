"""What plasticity does on average: the change of weights against what the rule expects."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from latticework.core.checks import require
from latticework.pictures import style

_COLOURS = dict(zip(("capture", "minus", "search", "backoff"), style.CYCLE, strict=False))


def plasticity_drift(
    links: Mapping[str, Sequence[Mapping[str, Any]]], path: Path | str, *, title: str = ""
) -> Path:
    """Draw a panel per link: expected change by case and in all, and the measured one as dots.

    Args:
        links: by link, one entry per stretch of learning: `shown` (examples before its middle),
            `expected` (change per weight and wave, by case) and `measured` (likewise, in all).
        path: where to save, .png.
        title: what learned.

    Raises:
        ValueError: there is no link, or one without a stretch.
        OSError: it cannot be written.
    """
    require(
        len(links) > 0 and all(links.values()),
        "there is nothing to draw; expected at least one stretch of learning per link",
    )
    style.checked_path(path, ".png")
    with style.new_figure(8.4, 0.9 + 2.9 * len(links)) as figure:
        text = "change per weight and 1,000 waves; dots were measured, lines expected from the rule"
        style.head(figure, title, "drift of the weights", text)
        for row, (name, stretches) in enumerate(links.items()):
            axes = style.place(figure, 0.75, 0.95 + 2.9 * row, 7.2, 2.1)
            shown = [one["shown"] for one in stretches]
            for case, colour in _COLOURS.items():
                values = [1000 * one["expected"][case] for one in stretches]
                axes.plot(shown, values, color=colour, lw=1.2, label=case)
            total = [1000 * sum(one["expected"].values()) for one in stretches]
            axes.plot(shown, total, color=style.INK, lw=1.6, label="all cases")
            measured = [1000 * one["measured"] for one in stretches]
            axes.plot(shown, measured, "o", ms=4, mfc="none", color=style.INK, label="measured")
            axes.axhline(0, color=style.FAINT, lw=0.8)
            axes.set_title(name, parse_math=False)
            axes.set(xlabel="images shown")
            largest = max(np.abs([*total, *measured]).max(), 1e-9)
            axes.set_yscale("symlog", linthresh=largest / 10)
            axes.legend(ncol=6, fontsize=7.0, loc="lower center", bbox_to_anchor=(0.5, 1.0))
        return style.save_png(figure, path)
