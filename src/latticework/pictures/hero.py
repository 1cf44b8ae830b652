"""One picture that shows what a lattice is: an input, how it spreads through the cells, scores."""

from pathlib import Path

from matplotlib.figure import Figure

from latticework.core.checks import require
from latticework.pictures import style
from latticework.pictures.activity_sheet import colour_bar, panel, score_curves
from latticework.pictures.episode import Episode
from latticework.pictures.layout import lay_out
from latticework.pictures.stage import StreamView
from latticework.pictures.terminal_words import count

_EDGE, _TOP, _SIDE, _ROOM = 0.3, 1.0, 2.2, 3.75
_PAD = 0.4
_LEGEND = (
    "at each step one row enters; bars: the score of each class so far, the leader dark, "
    "green when it is the true one"
)


def hero(
    episode: Episode,
    path: Path | str,
    *,
    num_parameters: int,
    title: str = "",
    steps: tuple[int, ...] | None = None,
) -> Path:
    """Draw the input with the shown steps framed, and the whole lattice at these steps.

    Args:
        episode: what happened.
        path: where to save, .png.
        num_parameters: learnable scalars of the network, for the caption.
        title: a sentence.
        steps: which steps to show, from 0; four that tell much when not given.

    Raises:
        ValueError: a step that the sequence does not have.
        OSError: it cannot be written.
    """
    style.checked_path(path, ".png")
    moments = episode.telling_moments(4) if steps is None else list(steps)
    require(
        len(moments) > 0 and all(0 <= step < episode.num_steps for step in moments),
        f"the steps to show are {moments}, expected at least one of 0..{episode.num_steps - 1}",
    )
    layout = lay_out(episode.wiring)
    across = (8.4 if layout.is_broad else 1.9) - _PAD
    unit = min(_ROOM / layout.height, across / layout.width)
    if layout.is_broad:
        moments = moments[-2:-1] or moments
    left = _EDGE + _SIDE + 0.75
    pitch = layout.width * unit + _PAD
    height = max(_TOP + 0.24 + layout.height * unit + 0.8, _TOP + _SIDE + 3.0)
    with style.new_figure(left + len(moments) * pitch - _PAD + _EDGE, height) as figure:
        style.say(figure, _EDGE, 0.16, title or "A lattice of cells", size=14, weight="bold")
        style.say(
            figure, _EDGE, 0.47, _caption(episode, num_parameters), size=10, color=style.MUTED
        )
        style.say(figure, _EDGE, 0.68, _LEGEND, color=style.MUTED)
        norm = style.signed_norm(episode.outputs)
        for n, step in enumerate(moments):
            stage = panel(figure, layout, episode, norm, left + n * pitch, _TOP, unit)
            stage.show(step)
            style.say(figure, left + n * pitch, _TOP + 0.02, f"step {step + 1}")
        _input(figure, episode, moments)
        colour_bar(figure, norm, _EDGE, _TOP + 0.24 + _SIDE + 0.42, _SIDE)
        score_curves(figure, episode, _EDGE, _TOP + 0.24 + _SIDE + 1.1, _SIDE)
        return style.save_png(figure, path)


def _input(figure: Figure, episode: Episode, moments: list[int]) -> None:
    """The whole input with the shown steps framed."""
    style.say(figure, _EDGE, _TOP + 0.02, "the input, one row per step")
    axes = style.place(figure, _EDGE, _TOP + 0.24, _SIDE, _SIDE)
    for step in moments:
        stream = StreamView(axes, episode)
        stream.show(step)
    stream.name_steps(moments)
    axes.tick_params(labelsize=8, labelcolor=style.MARK, color=style.MARK, length=3)


def _caption(episode: Episode, num_parameters: int) -> str:
    cells = count(episode.wiring.num_cells, "cell")
    text = f"{cells}, {num_parameters:,} learned numbers, no encoder, no decoder"
    if episode.target is None:
        return text
    verdict = "rightly" if episode.prediction == episode.target else "wrongly"
    return f"{text}; this {episode.target} is {verdict} read as a {episode.prediction}"
