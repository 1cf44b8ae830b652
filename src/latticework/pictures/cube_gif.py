"""Animation: an image crossing a box of cells, a sweep per frame."""

from pathlib import Path

import numpy as np
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.image import AxesImage
from matplotlib.patches import Polygon
from matplotlib.transforms import Affine2D

from latticework.core.checks import require
from latticework.pictures import style
from latticework.pictures.cube import spread
from latticework.pictures.film import Film

MOST_SLABS, MOST_FRAMES = 8, 40
_RIGHT, _DOWN = 0.5, 0.22
"""How far a slab's columns lead to the right and down the paper, in rows."""
_ROOM, _EDGE, _TOP, _SIDE, _DPI = 5.2, 0.3, 0.85, 1.5, 96


def cube_gif(
    signal: np.ndarray,
    image: np.ndarray,
    path: Path | str,
    *,
    scores: np.ndarray | None = None,
    target: int | None = None,
    frame_ms: int = 350,
    hold_ms: int = 2500,
    title: str = "",
) -> Path:
    """Animate slabs of a box, one behind the other, and the class scores; the last frame stays.

    Args:
        signal: `[step, row, col, depth]`, what the image has changed; the first before any step.
        image: `[row, col]`, what was shown.
        path: where to save, .gif.
        scores: `[step, class]`, what is read after each step, if classes are.
        target: the true class, if known.
        frame_ms, hold_ms: time per frame and of the last one, in milliseconds.
        title: what the network is.

    Cost: some ten milliseconds per frame.

    Raises:
        ValueError: the signal has another rank, or the path is not a .gif.
        OSError: it cannot be written.
    """
    path = style.checked_path(path, ".gif")
    require(
        signal.ndim == 4 and len(signal) > 0,
        f"the signal has shape {signal.shape}, expected [step, row, col, depth]",
    )
    _, rows, cols, depth = signal.shape
    slabs = spread(depth, MOST_SLABS)
    deck = _Deck(rows, cols, len(slabs))
    high = deck.height * _ROOM / deck.width
    below = _TOP + high + 0.75
    with style.new_figure(_ROOM + 2 * _EDGE, below + _SIDE + 0.2) as figure:
        figure.set_dpi(_DPI)
        explanation = (
            "the box in slabs, from face to face; colours: what the image changes in a cell"
        )
        style.head(figure, title, "an image on its way through", explanation)
        ink = style.place(figure, _EDGE, below, _SIDE, _SIDE)
        ink.imshow(image, cmap=style.ink_colours())
        ink.set_axis_off()
        clock = ink.set_title("")
        stage = style.place(figure, _EDGE, _TOP, _ROOM, high)
        shown = deck.hang(stage, slabs)
        style.say(figure, _EDGE, _TOP + high + 0.08, "image in", color=style.MUTED)
        end = _EDGE + _ROOM
        style.say(figure, end, _TOP + high + 0.08, "answer out", color=style.MARK, ha="right")
        moving: list[Artist] = [clock, *shown]
        bars = None
        if scores is not None:
            left = 2 * _EDGE + _SIDE + 0.3
            axes = style.place(figure, left, below, end - left, _SIDE - 0.15)
            bars = _Bars(axes, scores, target)
            moving += bars.moving
        film = Film(figure, [*moving, *deck.frames])
        norm = style.signed_norm(signal[1:] if len(signal) > 1 else signal)
        for step in spread(len(signal), MOST_FRAMES):
            for artist, slab in zip(shown, slabs, strict=True):
                artist.set_data(_see_through(norm(signal[step, :, :, slab])))
            clock.set_text(f"sweep {step} of {len(signal) - 1}")
            if bars is not None:
                bars.show(step)
            film.shoot()
        return style.save_bytes(film.gif(frame_ms, hold_ms), path)


class _Deck:
    """Slabs in a row, each seen from the side; x to the right and y down, in rows of cells."""

    def __init__(self, rows: int, cols: int, count: int) -> None:
        self._rows, self._cols = rows, cols
        self._pitch = 1.08 * _RIGHT * cols
        self.width = self._pitch * (count - 1) + _RIGHT * cols
        self.height = rows + _DOWN * cols
        self.frames: list[Artist] = []

    def hang(self, axes: Axes, slabs: np.ndarray) -> list[AxesImage]:
        """An empty image for each slab, with a frame around it."""
        axes.set_axis_off()
        shown = []
        for at in range(len(slabs)):
            place = Affine2D(np.array([[_RIGHT, 0, at * self._pitch], [_DOWN, 1, 0], [0, 0, 1]]))
            blank = np.zeros((self._rows, self._cols, 4))
            extent = (0.0, float(self._cols), float(self._rows), 0.0)
            picture = axes.imshow(blank, extent=extent, transform=place + axes.transData)
            shown.append(picture)
            ends = [(0, 0), (self._cols, 0), (self._cols, self._rows), (0, self._rows)]
            colour = style.MARK if at == len(slabs) - 1 else style.SOFT
            frame = Polygon(place.transform(ends), fill=False, ec=colour, lw=0.9, clip_on=False)
            self.frames.append(axes.add_patch(frame))
        axes.set(xlim=(0, self.width), ylim=(self.height, 0), aspect="auto")
        return shown


class _Bars:
    """The score of each class, upright."""

    def __init__(self, axes: Axes, scores: np.ndarray, target: int | None) -> None:
        self._scores, self._target = scores, target
        count = scores.shape[1]
        low, high = min(0.0, float(scores.min())), max(0.0, float(scores.max()))
        axes.set(ylim=(low, max(high, low + 1e-9)), xlim=(-0.5, count - 0.5), yticks=[])
        axes.set_xticks(np.arange(count), [str(n) for n in range(count)])
        axes.tick_params(length=0)
        axes.spines[["left", "bottom"]].set_visible(False)
        axes.axhline(0, color=style.SOFT, lw=0.6)
        axes.set_title("score of each class")
        self.moving = list(axes.bar(np.arange(count), np.zeros(count), 0.7))

    def show(self, step: int) -> None:
        """Go to a step: the leading class is green if it is the true one, else black."""
        leader = int(self._scores[step].argmax())
        for label, (bar, score) in enumerate(zip(self.moving, self._scores[step], strict=True)):
            bar.set_height(float(score))
            leading = style.RIGHT if label == self._target else style.INK
            bar.set_facecolor(leading if label == leader else style.TRAILING)


def _see_through(values: np.ndarray) -> np.ndarray:
    """0..1 with rest at 0.5 as colours that are the clearer the less there is."""
    painted = style.signed_colours()(values)
    painted[..., 3] = np.clip(0.03 + np.abs(2 * np.asarray(values) - 1) * 1.6, 0, 1)
    return painted
