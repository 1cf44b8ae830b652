"""Who wins: how often each neuron of a column fires, and how many fire in each wave."""

from collections.abc import Mapping
from pathlib import Path

import numpy as np

from latticework.core.checks import require
from latticework.pictures import style

_HEIGHT, _GAP = 1.5, 0.85


def winner_counts(
    times: Mapping[str, np.ndarray], wave_length: int, path: Path | str, *, title: str = ""
) -> Path:
    """Draw a row per column: share of waves each neuron wins, winners per wave, when they fire.

    Args:
        times: by column, `[example, wave, neuron]`, the step at which a neuron fires;
            `wave_length` where it does not.
        wave_length: steps per wave.
        path: where to save, .png.
        title: what was shown to what.

    Raises:
        ValueError: there is no column.
        OSError: it cannot be written.
    """
    require(len(times) > 0, "there is no column to draw; record at least one")
    style.checked_path(path, ".png")
    with style.new_figure(8.4, 0.9 + len(times) * (_HEIGHT + _GAP)) as figure:
        some = next(iter(times.values()))
        text = f"over {some.shape[0]} images; neurons in order of how often they win"
        style.head(figure, title, "winners", text)
        for row, (name, values) in enumerate(times.items()):
            top = 0.95 + row * (_HEIGHT + _GAP)
            wins = values < wave_length
            share = np.sort(wins.mean(axis=(0, 1)))[::-1]
            axes = style.place(figure, 0.55, top, 2.2, _HEIGHT)
            axes.fill_between(np.arange(share.size), share, step="mid", color=style.CYCLE[0], lw=0)
            axes.set_title(f"{name}: share of waves won", parse_math=False)
            axes.set(xlabel="neuron", ylim=(0, None))
            axes = style.place(figure, 3.4, top, 2.2, _HEIGHT)
            axes.plot(wins.sum(axis=2).mean(axis=0), color=style.CYCLE[0])
            axes.set(title="winners per wave", xlabel="wave", ylim=(0, None))
            axes = style.place(figure, 6.25, top, 2.0, _HEIGHT)
            counts = np.bincount(values[wins], minlength=wave_length)
            axes.bar(np.arange(wave_length), counts / max(counts.sum(), 1), color=style.CYCLE[0])
            axes.set(title="share of spikes by step", xlabel="step", ylim=(0, None))
        return style.save_png(figure, path)
