"""Animation: one image passing through a network of columns, a wave per frame."""

import math
from collections.abc import Mapping
from pathlib import Path

import numpy as np

from latticework.core.checks import require
from latticework.pictures import style
from latticework.pictures.film import Film

_SIDE, _TOP, _DPI = 1.9, 0.95, 96


def wave_gif(
    image: np.ndarray,
    lines: np.ndarray,
    counts: Mapping[str, np.ndarray],
    path: Path | str,
    *,
    wave_length: int = 16,
    frame_ms: int = 220,
    hold_ms: int = 2000,
    title: str = "",
) -> Path:
    """Animate which lines are shown, and how early every unit fires.

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
    width = 0.35 + (_SIDE + 0.3) * (len(counts) + 1)
    with style.new_figure(max(width, 5.0), _TOP + _SIDE + 0.45) as figure:
        figure.set_dpi(_DPI)
        style.head(figure, title, "one image, wave by wave", "red: fired early; blank: silent")
        axes = style.place(figure, 0.35, _TOP, _SIDE, _SIDE)
        axes.imshow(image, cmap=style.ink_colours(), vmin=0, vmax=255)
        axes.set_axis_off()
        band = axes.axhspan(-0.5, 0.5, color=style.MARK, alpha=0.35, lw=0)
        clock = axes.set_title("")
        stages = []
        for number, (name, values) in enumerate(counts.items()):
            left = 0.35 + (_SIDE + 0.3) * (number + 1)
            panel = style.place(figure, left, _TOP, _SIDE, _SIDE)
            panel.set_title(f"{name}, {values.shape[1]}")
            panel.set_xticks([])
            panel.set_yticks([])
            shown = panel.imshow(
                _square(values[0]), cmap=style.signed_colours(), vmin=-wave_length, vmax=wave_length
            )
            stages.append((shown, values))
        film = Film(figure, [band, clock, *(shown for shown, _ in stages)])
        for wave, (first, last) in enumerate(lines):
            band.set_xy((0, first - 0.5))
            band.set_height(last - first + 1)
            clock.set_text(f"wave {wave + 1} of {len(lines)}")
            for shown, values in stages:
                shown.set_data(_square(values[wave]))
            film.shoot()
        return style.save_bytes(film.gif(frame_ms, hold_ms), path)


def _square(values: np.ndarray) -> np.ndarray:
    """Units in rows, in a square as nearly as may be; the rest is grey."""
    side = math.ceil(math.sqrt(values.size))
    rows = math.ceil(values.size / side)
    filled = np.full(rows * side, np.nan)
    filled[: values.size] = values
    return filled.reshape(rows, side)
