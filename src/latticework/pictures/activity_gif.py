"""Animation: a lattice's activity while one sequence streams in."""

import io
from pathlib import Path
from typing import cast

import numpy as np
from matplotlib.artist import Artist
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.colors import to_rgb
from matplotlib.figure import Figure
from PIL import Image

from latticework.core.checks import require
from latticework.pictures import style
from latticework.pictures.activity_sheet import colour_bar, panel, score_curves
from latticework.pictures.episode import Episode
from latticework.pictures.layout import lay_out
from latticework.pictures.stage import StreamView

_DPI = 96
_MOST_BYTES = 1_000_000
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
        film = _Film(figure, [*stage.moving, *moving])
        for step in episode.moments(most_frames):
            stage.show(step)
            stream.show(step)
            if cursor is not None:
                cursor.set_xdata([step + 1, step + 1])
            clock.set_text(f"step {step + 1} of {episode.num_steps}")
            film.shoot()
        return style.save_bytes(film.gif(frame_ms, hold_ms), path)


class _Film:
    """Frames of a figure of which only some artists move."""

    def __init__(self, figure: Figure, moving: list[Artist]) -> None:
        self._moving = moving
        for artist in moving:
            artist.set_animated(True)
        canvas = cast(FigureCanvasAgg, figure.canvas)
        canvas.draw()
        self._canvas, self._still = canvas, canvas.copy_from_bbox(figure.bbox)
        self._frames: list[Image.Image] = []

    def shoot(self) -> None:
        """Take a frame as things stand."""
        self._canvas.restore_region(self._still)
        for artist in self._moving:
            artist.draw(self._canvas.get_renderer())
        pixels = np.asarray(self._canvas.buffer_rgba())[..., :3]
        self._frames.append(Image.fromarray(pixels.copy()))

    def gif(self, frame_ms: int, hold_ms: int) -> bytes:
        """The frames, endlessly repeated; only every other one while they take too much room."""
        palette = _palette()
        frames = [
            frame.quantize(palette=palette, dither=Image.Dither.NONE) for frame in self._frames
        ]
        data = _encode(frames, frame_ms, hold_ms)
        while len(data) > _MOST_BYTES and len(frames) > 2:
            frames, frame_ms = frames[::-1][::2][::-1], 2 * frame_ms
            data = _encode(frames, frame_ms, hold_ms)
        return data


def _encode(frames: list[Image.Image], frame_ms: int, hold_ms: int) -> bytes:
    buffer = io.BytesIO()
    frames[0].save(
        buffer,
        format="GIF",
        save_all=True,
        append_images=frames[1:],
        duration=[frame_ms] * (len(frames) - 1) + [hold_ms],
        loop=0,
        optimize=True,
    )
    return buffer.getvalue()


def _palette() -> Image.Image:
    """The colours that pictures of activity use; all frames share them, so nothing flickers."""
    signed = style.signed_colours()(np.linspace(0, 1, 97))[:, :3]
    named = (style.RIGHT, style.MARK, style.INK, style.SOFT, style.TRAILING, style.FAINT)
    grey = np.repeat(np.linspace(0, 1, 33)[:, None], 3, axis=1)
    colours = np.concatenate([signed, [to_rgb(name) for name in named], grey])
    image = Image.new("P", (1, 1))
    image.putpalette((255 * colours).round().astype(np.uint8).tobytes())
    return image
