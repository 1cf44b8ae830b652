"""Whether an answer is held while columns go on settling."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from latticework.core.checks import require
from latticework.pictures import style

_WIDTH, _HEIGHT, _EDGE, _HEAD = 2.8, 2.0, 0.6, 0.95


def persistence_curves(
    rows: Sequence[Mapping[str, Any]],
    path: Path | str,
    *,
    title: str = "",
    events: Mapping[str, str],
) -> Path:
    """A panel per event, a colour per network: accuracy, and dashed the winner's share of votes.

    Args:
        rows: of the study, each with `network`, `event`, `event_at`, `steps`, `accuracy`, `share`.
        path: where to save, .png.
        title: of the study.
        events: what each event is, in words.

    Raises:
        ValueError: there is no row, or the path is not a .png.
        OSError: it cannot be written.
    """
    require(len(rows) > 0, "there is nothing to draw: no network was measured")
    there = [event for event in events if any(row["event"] == event for row in rows)]
    networks = list(dict.fromkeys(row["network"] for row in rows))
    width = _EDGE + len(there) * (_WIDTH + _EDGE)
    with style.new_figure(max(width, 6.0), _HEAD + _HEIGHT + 0.8) as figure:
        explanation = (
            "lines: accuracy on the digit that is shown; dashed: the winner's share of votes"
        )
        style.head(figure, title, "held and revised answers", explanation)
        for at, event in enumerate(there):
            left = _EDGE + at * (_WIDTH + _EDGE)
            axes = style.place(figure, left, _HEAD, _WIDTH, _HEIGHT)
            for row in (one for one in rows if one["event"] == event):
                colour = style.CYCLE[networks.index(row["network"]) % len(style.CYCLE)]
                axes.plot(row["steps"], row["accuracy"], color=colour, label=row["network"])
                axes.plot(row["steps"], row["share"], color=colour, ls="--", lw=1)
                if event != "look":
                    moment = row["steps"][row["event_at"] - 1]
                    axes.axvline(moment, color=style.SOFT, lw=0.8)
            axes.set_ylim(0, 1.02)
            axes.set_title(events[event])
            axes.set_xlabel("steps")
            if at == 0:
                axes.legend(fontsize=7, loc="lower right")
        return style.save_png(figure, path)
