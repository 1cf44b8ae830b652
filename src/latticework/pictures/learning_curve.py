"""Learning curve: accuracy and loss by epoch over all seeds, with the published points."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.ticker import MaxNLocator

from latticework.core.checks import require
from latticework.pictures import style

_TEST, _TRAIN = style.CYCLE[0], style.CYCLE[4]


def learning_curve(
    records: Sequence[Mapping[str, Any]],
    path: Path | str,
    *,
    published: Sequence[tuple[float, float]] = (),
    title: str = "",
) -> Path:
    """Draw the mean over seeds, and the band from the lowest to the highest seed.

    Args:
        records: one per epoch, as in metrics.jsonl: `epoch` from 0, and `train_loss`,
            `train_accuracy`, `test_accuracy`, each also per seed under `per_seed`; None where
            nothing was measured; `score` says what they are if no accuracies.
        path: where to save, .png.
        published: pairs (epochs of training, test accuracy).
        title: what was trained.

    Raises:
        ValueError: no records, or none with an epoch.
        OSError: it cannot be written.
    """
    require(
        len(records) > 0,
        "there is no finished epoch to draw; train for at least one, then draw again",
    )
    require(
        all("epoch" in record for record in records),
        "a record has no 'epoch'; expected the lines of metrics.jsonl",
    )
    style.checked_path(path, ".png")
    with style.new_figure(8.4, 3.7) as figure:
        style.head(figure, title, "learning curve", _explanation(records))
        accuracy = style.place(figure, 0.65, 0.9, 4.3, 2.3)
        _curve(accuracy, records, "train_accuracy", "training", _TRAIN)
        _curve(accuracy, records, "test_accuracy", "test", _TEST)
        if len(published):
            _points(accuracy, published)
        name = records[-1].get("score", "accuracy")
        accuracy.set(xlabel="epochs of training", title=name)
        accuracy.set_ylim(bottom=0, top=min(1.0, 1.12 * accuracy.dataLim.y1) or 1.0)
        accuracy.legend(loc="lower right")
        loss = style.place(figure, 5.65, 0.9, 2.5, 2.3)
        _curve(loss, records, "train_loss", "training", _TRAIN)
        loss.set(xlabel="epochs of training", title="loss while training")
        for axes in (accuracy, loss):
            axes.set_xlim(left=0)
            axes.xaxis.set_major_locator(MaxNLocator(integer=True, nbins=10))
            axes.grid(axis="y", color=style.FAINT, lw=0.6)
            axes.set_axisbelow(True)
        return style.save_png(figure, path)


def series(records: Sequence[Mapping[str, Any]], name: str) -> tuple[np.ndarray, np.ndarray]:
    """(epochs of training `[point]`, values `[point, seed]`) where `name` was measured."""
    points = []
    for record in records:
        values = record.get("per_seed", {}).get(name)
        values = [record.get(name)] if values is None else values
        values = [np.nan if value is None else float(value) for value in values]
        if not np.isnan(values).all():
            points.append((record["epoch"] + 1, values))
    if not points:
        return np.empty(0), np.empty((0, 1))
    epochs, table = zip(*points, strict=True)
    return np.array(epochs, float), np.array(table, float)


def _curve(
    axes: Axes, records: Sequence[Mapping[str, Any]], name: str, label: str, colour: str
) -> None:
    epochs, values = series(records, name)
    if not len(epochs):
        return
    mean = np.nanmean(values, axis=1)
    if values.shape[1] > 1:
        low, high = np.nanmin(values, axis=1), np.nanmax(values, axis=1)
        axes.fill_between(epochs, low, high, color=colour, alpha=0.2, lw=0)
    text = f"{label}, last {mean[-1]:.3f}"
    axes.plot(epochs, mean, color=colour, lw=1.8, marker="o", ms=3.5, label=text)


def _points(axes: Axes, published: Sequence[tuple[float, float]]) -> None:
    epochs, values = np.array(published, float).T
    axes.plot(
        epochs,
        values,
        ls="none",
        marker="D",
        ms=5.5,
        mfc=style.PAPER,
        mec=style.INK,
        mew=1.2,
        zorder=5,
        label=f"published, last {values[-1]:.3f}",
    )


def _explanation(records: Sequence[Mapping[str, Any]]) -> str:
    seeds = max(series(records, name)[1].shape[1] for name in ("train_loss", "test_accuracy"))
    if seeds == 1:
        return "one seed"
    return f"{seeds} seeds: the line is their mean, the band goes from the lowest to the highest"
