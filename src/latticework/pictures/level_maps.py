"""What the columns of GLOM hold: every level as a map of colours, islands outlined."""

import io
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from matplotlib.axes import Axes
from PIL import Image

from latticework.core.checks import require
from latticework.pictures import style
from latticework.readouts.islands import THRESHOLD, census, islands

_PANEL, _GAP, _EDGE, _HEAD = 1.15, 0.12, 0.25, 0.85
_MOST_ROWS = 7
_TILE, _MOST_NUMBERS, _DPI = 1.75, 10, 96
_ALL_BUT_WHITE = 250
"""Of a movie: inches of a map, sites in a row that still have a number on them, dots per inch;
brightness that a palette of few colours makes of paper."""


def colours(states: np.ndarray) -> np.ndarray:
    """Vectors as colours: similar vectors, similar colours, the same at every step of a level.

    For each level the three main directions of all its vectors become red, green and blue.

    Args:
        states: `[step, level, channel, row, col]`.

    Returns:
        `[step, level, row, col, 3]`, 0..1.
    """
    painted = []
    for level in np.moveaxis(states, 1, 0):
        vectors = np.moveaxis(level, 1, -1).astype(float)
        flat = vectors.reshape(-1, vectors.shape[-1])
        flat = flat - flat.mean(axis=0)
        _, _, axes = np.linalg.svd(flat, full_matrices=False)
        shown = np.zeros((len(flat), 3))
        found = flat @ axes[:3].T
        shown[:, : found.shape[1]] = found
        limit = np.quantile(np.abs(shown), 0.99)
        scaled = 0.5 + 0.5 * np.clip(shown / (limit or 1.0), -1, 1)
        painted.append(scaled.reshape(*vectors.shape[:-1], 3))
    return np.stack(painted, axis=1)


def level_maps(
    states: np.ndarray,
    image: np.ndarray,
    path: Path | str,
    *,
    title: str = "",
    threshold: float = THRESHOLD,
) -> Path:
    """A sheet: the image, then a row of levels for several steps, islands outlined.

    Args:
        states: `[step, level, channel, row, col]`, one image.
        image: `[row, col]`, what was shown.
        path: where to save, .png.
        title: what settled.
        threshold: cosine from which neighbours agree.

    Raises:
        ValueError: the path is not a .png, or the states have another shape.
        OSError: it cannot be written.
    """
    path = style.checked_path(path, ".png")
    _check(states)
    chosen = np.unique(np.linspace(0, len(states) - 1, _MOST_ROWS).round().astype(int))
    painted, num_levels = colours(states), states.shape[1]
    width = 2 * _EDGE + (num_levels + 1) * (_PANEL + _GAP) + 0.3
    with style.new_figure(max(width, 5.2), _HEAD + len(chosen) * (_PANEL + 0.28) + _EDGE) as figure:
        explanation = (
            f"colours: main directions of a level's vectors; lines: islands, cosine {threshold:g}"
        )
        style.head(figure, title, "levels while settling", explanation)
        for at, step in enumerate(chosen):
            top = _HEAD + at * (_PANEL + 0.28)
            if at == 0:
                _paint(style.place(figure, _EDGE, top, _PANEL, _PANEL), image, "image")
            for level in range(num_levels):
                left = _EDGE + 0.15 + (level + 1) * (_PANEL + _GAP)
                axes = style.place(figure, left, top, _PANEL, _PANEL)
                vectors = states[step, level]
                count = census(vectors, threshold).number
                _paint(axes, painted[step, level], f"level {level}: {count} isl.")
                outline(axes, islands(vectors, threshold))
            style.say(figure, _EDGE, top + (0.0 if at else _PANEL + 0.04), f"step {step + 1}")
        return style.save_png(figure, path)


def level_movie(
    states: np.ndarray,
    image: np.ndarray,
    path: Path | str,
    *,
    title: str = "",
    threshold: float = THRESHOLD,
    captions: Sequence[str] = (),
    votes: np.ndarray | None = None,
    frame_ms: int = 400,
    hold_ms: int = 2500,
) -> Path:
    """The same as an animation, a frame per step; the last one stays.

    Args:
        states: `[step, level, channel, row, col]`, one image.
        image: `[row, col]`, or `[step, row, col]` where it changes.
        path: where to save, .gif.
        title: what settles.
        threshold: cosine from which neighbours agree.
        captions: one per step, over the image.
        votes: `[step, row, col]`, the class that each site says, if they say one.
        frame_ms: time per frame, in milliseconds.
        hold_ms: time of the last frame.

    Raises:
        ValueError: the path is not a .gif, or the states have another shape.
        OSError: it cannot be written.
    """
    path = style.checked_path(path, ".gif")
    _check(states)
    images = np.broadcast_to(image, (len(states), *image.shape[-2:]))
    painted = colours(states)
    explanation = f"colours: directions of a level's vectors; lines: islands, cosine {threshold:g}"
    frames = []
    for n, state in enumerate(states):
        tiles = [_Tile("".join(captions[n : n + 1]) or "image", images[n])]
        for level, vectors in enumerate(state):
            labels = islands(vectors, threshold)
            tiles.append(
                _Tile(f"level {level}: {_islands(vectors, threshold)}", painted[n, level], labels)
            )
        if votes is not None:
            tiles.append(_Tile("what each site says", votes[n], is_votes=True))
        frames.append(_frame(tiles, title, explanation))
    # One palette for all frames: each its own would flicker; dots of dither would, too.
    palette = Image.fromarray(np.concatenate(frames[:: max(1, len(frames) // 6)])).quantize(255)
    chosen = np.asarray(palette.getpalette(), np.uint8)
    palette.putpalette(np.where(chosen > _ALL_BUT_WHITE, 255, chosen).tobytes())
    shown = [
        Image.fromarray(frame).quantize(palette=palette, dither=Image.Dither.NONE)
        for frame in frames
    ]
    times = [frame_ms] * (len(shown) - 1) + [hold_ms]
    buffer = io.BytesIO()
    shown[0].save(
        buffer, "GIF", save_all=True, append_images=shown[1:], duration=times, loop=0, optimize=True
    )
    return style.save_bytes(buffer.getvalue(), path)


@dataclass(frozen=True, eq=False)
class _Tile:
    """One map of a frame."""

    title: str
    values: np.ndarray
    labels: np.ndarray | None = None
    is_votes: bool = False


def _frame(tiles: Sequence[_Tile], title: str, explanation: str) -> np.ndarray:
    """One step as pixels `[row, col, 3]`."""
    columns = 3 if len(tiles) > 4 else len(tiles)
    rows = -(-len(tiles) // columns)
    pitch = _TILE + _GAP
    width = 2 * _EDGE + columns * pitch - _GAP
    with style.new_figure(max(width, 5.2), 0.85 + rows * (_TILE + 0.34)) as figure:
        figure.set_dpi(_DPI)
        style.head(figure, title, "levels while settling", explanation)
        for at, tile in enumerate(tiles):
            left, top = _EDGE + at % columns * pitch, 0.85 + at // columns * (_TILE + 0.34)
            axes = style.place(figure, left, top, _TILE, _TILE)
            if tile.is_votes:
                _vote(axes, tile.values)
                axes.set_title(tile.title)
                continue
            _paint(axes, tile.values, tile.title)
            if tile.labels is not None:
                outline(axes, tile.labels)
        figure.canvas.draw()
        return np.asarray(figure.canvas.buffer_rgba())[..., :3].copy()  # pyright: ignore


def _vote(axes: Axes, classes: np.ndarray) -> None:
    """A colour for each class, and its number where there is room."""
    axes.imshow(classes, cmap="tab10", vmin=0, vmax=9.999, interpolation="nearest")
    axes.set(xticks=[], yticks=[])
    if max(classes.shape) > _MOST_NUMBERS:
        return
    for (row, col), label in np.ndenumerate(classes):
        axes.text(col, row, str(label), color=style.PAPER, size=8, ha="center", va="center")


def _islands(vectors: np.ndarray, threshold: float) -> str:
    number = census(vectors, threshold).number
    return f"{number} island{'' if number == 1 else 's'}"


def outline(axes: Axes, labels: np.ndarray) -> None:
    """Lines between neighbours on different islands."""
    rows, cols = np.nonzero(labels[1:] != labels[:-1])
    axes.hlines(rows + 0.5, cols - 0.5, cols + 0.5, color=style.INK, lw=0.6)
    rows, cols = np.nonzero(labels[:, 1:] != labels[:, :-1])
    axes.vlines(cols + 0.5, rows - 0.5, rows + 0.5, color=style.INK, lw=0.6)


def _paint(axes: Axes, values: np.ndarray, title: str) -> None:
    cmap = style.ink_colours() if values.ndim == 2 else None
    axes.imshow(values, cmap=cmap, interpolation="nearest")
    axes.set_title(title, fontsize=8)
    axes.set_xticks([])
    axes.set_yticks([])


def _check(states: np.ndarray) -> None:
    require(
        states.ndim == 5 and len(states) > 0,
        f"states have shape {states.shape}, expected [step, level, channel, row, col] with at "
        "least one step",
    )
