"""Frames of a figure of which only a part moves, as an animated GIF."""

import io
from collections.abc import Sequence
from typing import cast

import numpy as np
from matplotlib.artist import Artist
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.colors import to_rgb
from matplotlib.figure import Figure
from PIL import Image

from latticework.pictures import style

_MOST_BYTES = 1_000_000


class Film:
    """Frames of a figure of which only some artists move."""

    def __init__(self, figure: Figure, moving: Sequence[Artist]) -> None:
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
