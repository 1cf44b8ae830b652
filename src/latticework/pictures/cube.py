"""A lattice at work: slabs of its state over the outer steps, and how far a signal has come."""

from pathlib import Path

import numpy as np
from matplotlib.colors import LogNorm

from latticework.core.checks import require
from latticework.pictures.style import (
    amount_colours,
    head,
    new_figure,
    place,
    save_png,
    say,
    signed_colours,
    signed_norm,
)

MOST_STEPS, MOST_SLABS = 7, 10
_CELL, _GAP, _LEFT, _TOP = 0.82, 0.06, 0.75, 0.95


def cube_slices(
    states: np.ndarray, path: Path | str, *, steps: np.ndarray | None = None, title: str = ""
) -> Path:
    """Slabs along the last axis (columns) after some outer steps (rows), one colour scale each row.

    Args:
        states: `[step, row, col, depth]`, the first of them before any step.
        path: where to save, .png.
        steps: the outer step of each entry; 0, 1, ... by default.
        title: what was trained.

    Raises:
        ValueError: the states have another rank, or the name does not end in .png.
        OSError: it cannot be written.
    """
    require(
        states.ndim == 4,
        f"states have shape {states.shape}, expected [step, row, col, depth]",
    )
    number = np.arange(len(states)) if steps is None else np.asarray(steps)
    rows, slabs = spread(len(states), MOST_STEPS), spread(states.shape[3], MOST_SLABS)
    width = _LEFT + len(slabs) * (_CELL + _GAP) + 0.25
    height = _TOP + len(rows) * (_CELL + _GAP) + 0.2
    with new_figure(max(width, 5.2), height) as figure:
        head(figure, title, "the cube, slab by slab", "columns: depth; rows: after so many sweeps")
        for down, row in enumerate(rows):
            top = _TOP + down * (_CELL + _GAP)
            say(figure, 0.25, top + _CELL / 2 - 0.07, f"n = {number[row]}")
            norm = signed_norm(states[row])
            for across, slab in enumerate(slabs):
                left = _LEFT + across * (_CELL + _GAP)
                if down == 0:
                    say(figure, left, top - 0.2, f"k = {slab}")
                axes = place(figure, left, top, _CELL, _CELL)
                axes.imshow(states[row, :, :, slab], cmap=signed_colours(), norm=norm)
                axes.set_axis_off()
        return save_png(figure, path)


def signal_reach(sensitivity: np.ndarray, path: Path | str, *, title: str = "") -> Path:
    """How strongly each depth answers to a change of the image, after each outer step.

    Args:
        sensitivity: `[step, depth]`, from 0 up; 0 where nothing has arrived.
        path: where to save, .png.
        title: what was trained.

    Raises:
        ValueError: nothing ever answers, or the name does not end in .png.
        OSError: it cannot be written.
    """
    arrived = sensitivity[sensitivity > 0]
    require(arrived.size > 0, "no depth ever answers to the image; there is nothing to draw")
    top = float(arrived.max())
    norm = LogNorm(max(float(arrived.min()), top * 1e-9), top)
    with new_figure(5.6, 4.4) as figure:
        head(
            figure,
            title,
            "how far the image has come",
            "change of a slab per change of the image; grey: nothing has arrived",
        )
        axes = place(figure, 0.65, 0.85, 4.0, 2.9)
        shown = np.ma.masked_less_equal(sensitivity, 0)
        image = axes.imshow(shown, cmap=amount_colours(), norm=norm, aspect="auto", origin="lower")
        axes.set_xlabel("depth k")
        axes.set_ylabel("sweeps n")
        figure.colorbar(image, cax=place(figure, 4.8, 0.85, 0.14, 2.9))
        return save_png(figure, path)


def spread(count: int, most: int) -> np.ndarray:
    """At most `most` numbers of 0 .. count - 1, ends included, evenly apart."""
    return np.unique(np.linspace(0, count - 1, min(count, most)).round().astype(int))
