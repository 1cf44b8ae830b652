"""Confusion matrix: which class is taken for which."""

from pathlib import Path

import numpy as np
from matplotlib.axes import Axes

from latticework.core.checks import require
from latticework.pictures import style


def count_confusions(targets: np.ndarray, predictions: np.ndarray, num_classes: int) -> np.ndarray:
    """`[true class, predicted class]`: how many examples.

    Raises:
        ValueError: arrays of different lengths, or a class that does not exist.
    """
    targets, predictions = np.asarray(targets), np.asarray(predictions)
    require(
        targets.ndim == 1 and targets.shape == predictions.shape,
        f"targets have shape {targets.shape} and predictions {predictions.shape}, expected the "
        "same, (example)",
    )
    for name, labels in (("true", targets), ("predicted", predictions)):
        require(
            labels.size == 0 or bool(labels.min() >= 0 and labels.max() < num_classes),
            f"a {name} class is outside 0..{num_classes - 1}",
        )
    pairs = targets.astype(np.int64) * num_classes + predictions.astype(np.int64)
    counts = np.bincount(pairs, minlength=num_classes**2)
    return counts.reshape(num_classes, num_classes)


def confusion_matrix(counts: np.ndarray, path: Path | str, *, title: str = "") -> Path:
    """Draw the counts, and the same as percent of each true class.

    Args:
        counts: `[true class, predicted class]`.
        path: where to save, .png.
        title: what was measured.

    Raises:
        ValueError: `counts` is not a square table of counts with at least one example.
        OSError: it cannot be written.
    """
    counts = np.asarray(counts)
    require(
        counts.ndim == 2 and counts.shape[0] == counts.shape[1] and bool(np.all(counts >= 0)),
        f"a confusion matrix has shape (class, class) and no negative entry, got {counts.shape}",
    )
    total = int(counts.sum())
    require(total > 0, "the confusion matrix counts no example, so there is nothing to draw")
    style.checked_path(path, ".png")
    of_row = counts.sum(axis=1, keepdims=True)
    percent = 100 * counts / np.where(of_row == 0, 1, of_row)
    accuracy = np.trace(counts) / total
    with style.new_figure(8.8, 5.0) as figure:
        text = f"{total:,} examples, {accuracy:.4f} of them right; a row is a true class"
        style.head(figure, title, "confusion matrix", text)
        left = style.place(figure, 0.6, 0.95, 3.75, 3.55)
        _matrix(left, counts, [[f"{v:,}" if v else "" for v in row] for row in counts])
        left.set(title="examples", ylabel="true class", xlabel="predicted class")
        right = style.place(figure, 4.85, 0.95, 3.75, 3.55)
        _matrix(right, percent, [[f"{v:.0f}" if v >= 0.5 else "" for v in row] for row in percent])
        right.set(title="percent of the true class", xlabel="predicted class")
        return style.save_png(figure, path)


def _matrix(axes: Axes, values: np.ndarray, texts: list[list[str]]) -> None:
    num_classes = len(values)
    axes.imshow(values, cmap="Blues", vmin=0, vmax=max(values.max(), 1), aspect="auto")
    ticks = np.arange(0, num_classes, max(1, num_classes // 10))
    axes.set(xticks=ticks, yticks=ticks)
    axes.tick_params(length=0)
    for spine in axes.spines.values():
        spine.set_visible(False)
    if num_classes > 20:
        return
    dark = values > 0.55 * values.max()
    size = 7.0 if num_classes <= 10 else 4.5
    for row, col in np.ndindex(*values.shape):
        colour = style.PAPER if dark[row, col] else style.INK
        axes.text(col, row, texts[row][col], ha="center", va="center", size=size, color=colour)
