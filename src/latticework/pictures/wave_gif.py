"""Animation: one image passing through a network of columns, a wave per frame."""

import math
from collections.abc import Mapping
from pathlib import Path

import numpy as np
from matplotlib.axes import Axes
from matplotlib.image import AxesImage
from matplotlib.patches import Rectangle

from latticework.core.checks import require
from latticework.pictures import style
from latticework.pictures.film import Film

_SIDE, _LEFT, _TOP, _GAP, _LINE, _DPI = 2.4, 0.3, 0.9, 0.3, 0.32, 96


def wave_gif(
    image: np.ndarray,
    lines: np.ndarray,
    counts: Mapping[str, np.ndarray],
    path: Path | str,
    *,
    wave_length: int = 16,
    frame_ms: int = 220,
    hold_ms: int = 2500,
    title: str = "",
) -> Path:
    """Animate which lines are shown, and how early every unit fires: a line per wave, downward.

    Args:
        image: `[line, column]`, 0..255.
        lines: first and last line of each wave, `[wave, 2]`.
        counts: by population, `[wave, unit]`, steps that each unit is on; the more, the earlier.
        path: where to save, .gif.
        wave_length: steps per wave.
        frame_ms, hold_ms: time per frame and of the last one, in milliseconds.
        title: what the network is.

    Raises:
        ValueError: there is no population, or another number of waves than of lines.
        OSError: it cannot be written.
    """
    path = style.checked_path(path, ".gif")
    require(
        len(counts) > 0 and all(len(values) == len(lines) for values in counts.values()),
        f"there are {len(lines)} waves of lines, but populations with "
        f"{[len(values) for values in counts.values()]}; expected as many",
    )
    columns = math.ceil(math.sqrt(len(counts) + 1))
    rows = math.ceil((len(counts) + 1) / columns)
    width = 2 * _LEFT + columns * _SIDE + (columns - 1) * _GAP
    with style.new_figure(width, _TOP + rows * (_SIDE + _LINE)) as figure:
        figure.set_dpi(_DPI)
        explanation = "a line for each wave, downward; red: fired early, white: silent"
        style.head(figure, title, "wave by wave", explanation)
        places = [
            style.place(
                figure,
                _LEFT + (at % columns) * (_SIDE + _GAP),
                _TOP + (at // columns) * (_SIDE + _LINE),
                _SIDE,
                _SIDE,
            )
            for at in range(len(counts) + 1)
        ]
        places[0].imshow(image, cmap=style.ink_colours(), vmin=0, vmax=255, aspect="auto")
        _frame(places[0])
        band = Rectangle((-0.5, 0), image.shape[1], 1, fill=False, ec=style.MARK, lw=1.6)
        band.set_clip_on(False)
        places[0].add_patch(band)
        clock = places[0].set_title("")
        shown = [
            _population(axes, name, values, wave_length)
            for axes, (name, values) in zip(places[1:], counts.items(), strict=False)
        ]
        film = Film(figure, [band, clock, *shown])
        for wave, (first, last) in enumerate(lines):
            band.set_y(first - 0.5)
            band.set_height(last - first + 1)
            clock.set_text(f"wave {wave + 1} of {len(lines)}")
            for picture, values in zip(shown, counts.values(), strict=True):
                picture.set_data(np.where(np.arange(len(values))[:, None] <= wave, values, np.nan))
            film.shoot()
        return style.save_bytes(film.gif(frame_ms, hold_ms), path)


def _population(axes: Axes, name: str, values: np.ndarray, wave_length: int) -> AxesImage:
    """Waves downward, units from left to right; grey for waves to come."""
    axes.set_title(f"{name}, {values.shape[1]} units")
    _frame(axes)
    return axes.imshow(
        np.full(values.shape, np.nan),
        cmap=style.signed_colours(),
        vmin=-wave_length,
        vmax=wave_length,
        aspect="auto",
    )


def _frame(axes: Axes) -> None:
    axes.set(xticks=[], yticks=[])
    for spine in axes.spines.values():
        spine.set(visible=True, color=style.SOFT, lw=0.6)
