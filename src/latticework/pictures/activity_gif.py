"""Animation: a lattice's activity while one sequence streams in."""

from pathlib import Path

from latticework.core.checks import require
from latticework.pictures import style
from latticework.pictures.activity_sheet import colour_bar, panel, score_curves
from latticework.pictures.episode import Episode
from latticework.pictures.film import Film
from latticework.pictures.layout import lay_out
from latticework.pictures.stage import StreamView

_DPI = 96
_EDGE, _HEAD, _SIDE = 0.25, 0.56, 2.0
_MOST_WIDTH, _MOST_HEIGHT = 8.4, 5.1


def activity_gif(
    episode: Episode,
    path: Path | str,
    *,
    most_frames: int = 40,
    frame_ms: int = 180,
    hold_ms: int = 2500,
    title: str = "",
) -> Path:
    """Animate what enters, every cell's output and the scores so far; the last frame stays.

    Args:
        episode: what happened.
        path: where to save, .gif.
        most_frames: a longer sequence is shown at so many of its steps.
        frame_ms: time per frame in milliseconds.
        hold_ms: time of the last frame in milliseconds.
        title: what the network is.

    A file of more than 1 MB is thinned to every other frame, at the same pace.

    Cost: a few milliseconds per frame; only what moves is drawn anew.

    Raises:
        ValueError: the path is not a .gif, or there is not at least one frame.
        OSError: it cannot be written.
    """
    path = style.checked_path(path, ".gif")
    require(most_frames >= 1, f"most_frames is {most_frames}, expected at least 1")
    layout = lay_out(episode.wiring)
    scale_x = (_MOST_WIDTH - 3 * _EDGE - _SIDE) / layout.width
    unit = min(scale_x, (_MOST_HEIGHT - _HEAD - 0.8) / layout.height, 0.3)
    width = 3 * _EDGE + _SIDE + layout.width * unit
    height = _HEAD + max(layout.height * unit + 0.95, _SIDE + 1.0)
    with style.new_figure(max(width, 4.6), height) as figure:
        figure.set_dpi(_DPI)
        norm = style.signed_norm(episode.outputs)
        stream = StreamView(style.place(figure, _EDGE, _HEAD + 0.24, _SIDE, _SIDE), episode)
        colour_bar(figure, norm, _EDGE, _HEAD + 0.24 + _SIDE + 0.35, _SIDE)
        style.head(figure, title, "activity", episode.verdict())
        clock = stream.axes.set_title("")
        moving = [stream.marker, clock]
        below = _HEAD + 0.24 + _SIDE + 0.86
        cursor = None
        if height > below + 1.5:
            curves = score_curves(figure, episode, _EDGE, below, _SIDE)
            cursor = curves.axvline(1, color=style.MARK, lw=1.2)
            moving.append(cursor)
        stage = panel(figure, layout, episode, norm, 2 * _EDGE + _SIDE, _HEAD, unit)
        film = Film(figure, [*stage.moving, *moving])
        for step in episode.moments(most_frames):
            stage.show(step)
            stream.show(step)
            if cursor is not None:
                cursor.set_xdata([step + 1, step + 1])
            clock.set_text(f"step {step + 1} of {episode.num_steps}")
            film.shoot()
        return style.save_bytes(film.gif(frame_ms, hold_ms), path)
