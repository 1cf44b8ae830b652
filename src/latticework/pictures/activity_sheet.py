"""Contact sheet: a lattice's activity at some steps while one sequence streams in."""

from pathlib import Path

import numpy as np
from matplotlib.axes import Axes
from matplotlib.cm import ScalarMappable
from matplotlib.colors import Normalize
from matplotlib.figure import Figure

from latticework.core.checks import require
from latticework.pictures import style
from latticework.pictures.episode import Episode
from latticework.pictures.layout import Layout, lay_out
from latticework.pictures.stage import Stage, StreamView
from latticework.pictures.tiling import Tiling, tile

_WIDTH, _MOST_HEIGHT = 10.0, 8.0
_EDGE, _HEAD, _FOOT = 0.25, 0.62, 0.1
_SIDE = 1.9
"""Size of the picture of the whole input."""
_TITLE, _SCORES, _PAD = 0.24, 0.75, 0.22


def activity_sheet(episode: Episode, path: Path | str, *, most: int = 12, title: str = "") -> Path:
    """Draw the input, and at some steps what enters, every cell's output and the scores so far.

    Args:
        episode: what happened.
        path: where to save, .png.
        most: largest number of steps to show.
        title: what the network is.

    Raises:
        ValueError: the path is not a .png, or there is no step to show.
        OSError: it cannot be written.
    """
    style.checked_path(path, ".png")
    require(most >= 1, f"most is {most}, expected at least 1 step to show")
    layout = lay_out(episode.wiring)
    tiling = _tile(layout, min(most, episode.num_steps))
    moments = episode.moments(tiling.count)
    inputs_end = _HEAD + _TITLE + _SIDE + (0.2 if layout.is_broad else 3.0)
    with style.new_figure(_WIDTH, max(tiling.bottom, inputs_end) + _FOOT) as figure:
        norm = style.signed_norm(episode.outputs)
        what = "activity while one sequence streams in"
        style.head(figure, title, what, _explanation(episode))
        _margin(figure, layout, episode, norm, moments)
        for n, step in enumerate(moments):
            left, top = tiling.corner(n)
            panel(figure, layout, episode, norm, left, top, tiling.unit).show(step)
            style.say(figure, left, top + 0.05, f"step {step + 1} of {episode.num_steps}")
        return style.save_png(figure, path)


def panel(
    figure: Figure,
    layout: Layout,
    episode: Episode,
    norm: Normalize,
    left: float,
    top: float,
    unit: float,
) -> Stage:
    """A stage at a place in inches: a line of title, the lattice, the scores."""
    width, height = layout.width * unit, layout.height * unit
    axes = style.place(figure, left, top + _TITLE, width, height)
    scores = style.place(figure, left, top + _TITLE + height + 0.06, width, _SCORES - 0.25)
    return Stage(axes, scores, layout, episode, norm)


def colour_bar(figure: Figure, norm: Normalize, left: float, top: float, width: float) -> Axes:
    """The scale of the outputs."""
    axes = style.place(figure, left, top, width, 0.1)
    bar = figure.colorbar(
        ScalarMappable(norm, style.signed_colours()), cax=axes, orientation="horizontal"
    )
    limit = float(f"{norm.vmax:.2g}")
    bar.set_ticks([-limit, 0, limit], labels=[f"{-limit:g}", "0", f"{limit:g}"])
    bar.outline.set_linewidth(0.5)
    axes.tick_params(length=2)
    axes.set_title("output of a cell", size=8.5, pad=3)
    return axes


def score_curves(figure: Figure, episode: Episode, left: float, top: float, width: float) -> Axes:
    """The score of every class against the step; the end of each line says which class."""
    axes = style.place(figure, left + 0.3, top, width - 0.3, 1.2)
    steps = np.arange(1, episode.num_steps + 1)
    for label, line in enumerate(episode.scores.T):
        is_true, is_leader = label == episode.target, label == episode.prediction
        colour = style.RIGHT if is_true else style.INK if is_leader else style.TRAILING
        order = 2 + is_true + is_leader
        axes.plot(steps, line, color=colour, lw=1.0 + 0.6 * (order > 2), zorder=order)
        if order > 2:
            both = is_true and is_leader
            side = "center" if both else "bottom" if is_leader else "top"
            axes.annotate(
                f" {label}", (steps[-1], line[-1]), color=colour, va=side, size=8, weight="bold"
            )
    axes.set_xlim(1, max(episode.num_steps, 2))
    axes.set_xlabel("step", labelpad=1)
    axes.set_title("score of each class so far", size=8.5, pad=3)
    return axes


def _margin(
    figure: Figure, layout: Layout, episode: Episode, norm: Normalize, moments: list[int]
) -> None:
    """The whole input, the colours and the scores: beside the panels, or above broad ones."""
    top = _HEAD + _TITLE
    stream = StreamView(style.place(figure, _EDGE, top, _SIDE, _SIDE), episode)
    stream.marker.set_visible(False)
    stream.name_steps(moments)
    style.say(figure, _EDGE, _HEAD + 0.05, "input, step by step downward")
    if layout.is_broad:
        left = _EDGE + _SIDE + 0.8
        colour_bar(figure, norm, left, top + 1.6, _SIDE)
        score_curves(figure, episode, left + _SIDE + 0.8, top + 0.2, 2 * _SIDE)
    else:
        colour_bar(figure, norm, _EDGE, top + _SIDE + 0.35, _SIDE)
        score_curves(figure, episode, _EDGE, top + _SIDE + 1.15, _SIDE)


def _explanation(episode: Episode) -> str:
    scores = "bars: the score of each class so far, the leader dark"
    if episode.target is not None:
        scores += ", green when it is the true one"
    return f"{episode.verdict()}; {scores}"


def _tile(layout: Layout, count: int) -> Tiling:
    """Panels beside the input; below it and few where the lattice is broad."""
    left, top, height = _EDGE + _SIDE + 0.45, _HEAD, _MOST_HEIGHT
    if layout.is_broad:
        left, top, height = _EDGE, _HEAD + _TITLE + _SIDE + 0.25, _MOST_HEIGHT + 3.0
        count = min(count, 6)
    room = (_WIDTH - _EDGE - left + _PAD, height - top)
    size = (layout.width, layout.height)
    return tile(count, size, (left, top), room, (_PAD, _TITLE + _SCORES))
