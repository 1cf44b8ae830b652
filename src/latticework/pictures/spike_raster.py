"""Every spike of every population while one example is shown, wave after wave."""

from collections.abc import Mapping
from pathlib import Path

import numpy as np
from matplotlib.axes import Axes

from latticework.core.checks import require
from latticework.pictures import style

_WIDTH, _GAP = 7.6, 0.42


def spike_raster(frames: Mapping[str, np.ndarray], path: Path | str, *, title: str = "") -> Path:
    """Draw a panel per population: steps from left to right, units from top to bottom.

    Args:
        frames: by population, `[wave, step, unit]`, not zero where a unit is on.
        path: where to save, .png.
        title: what was shown to what.

    Raises:
        ValueError: there is no population, or one has no unit.
        OSError: it cannot be written.
    """
    require(len(frames) > 0, "there is no population to draw; record at least one")
    for name, values in frames.items():
        require(
            values.ndim == 3 and values.size > 0,
            f"the frames of {name!r} have shape {values.shape}, expected [wave, step, unit]",
        )
    style.checked_path(path, ".png")
    heights = {
        name: min(max(values.shape[2] * 0.014, 0.45), 1.7) for name, values in frames.items()
    }
    total = sum(heights.values()) + _GAP * len(frames) + 1.2
    with style.new_figure(8.4, total) as figure:
        text = "dark: on; red: the step at which a unit turns on; grey lines between waves"
        style.head(figure, title, "spikes", text)
        top = 0.85
        for at, (name, values) in enumerate(frames.items()):
            axes = style.place(figure, 0.6, top, _WIDTH, heights[name])
            _panel(axes, name, values, is_last=at == len(frames) - 1)
            top += heights[name] + _GAP
        return style.save_png(figure, path)


def _height(units: int) -> float:
    """Inches of a panel."""
    return min(max(0.014 * units, 0.45), 1.7)


def _panel(axes: Axes, name: str, values: np.ndarray, *, is_last: bool) -> None:
    waves, steps, units = values.shape
    on = (values != 0).reshape(waves * steps, units)
    before = np.concatenate([np.zeros((1, units), bool), on[:-1]])
    axes.imshow(0.55 * on.T, cmap=style.ink_colours(), vmin=0, vmax=1, aspect="auto")
    at, unit = np.nonzero(on & ~before)
    axes.scatter(at, unit, s=1.5, marker="s", lw=0, color=style.MARK)
    for wave in range(1, waves):
        axes.axvline(wave * steps - 0.5, color=style.FAINT, lw=0.5)
    axes.set_title(f"{name}, {units} units", parse_math=False)
    axes.set_xticks(np.arange(waves) * steps + steps / 2 - 0.5, [str(n) for n in range(waves)])
    axes.tick_params(axis="x", length=0, labelsize=6.5)
    if is_last:
        axes.set_xlabel("wave")
