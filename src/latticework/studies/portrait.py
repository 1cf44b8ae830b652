"""All pictures of one run."""

from pathlib import Path

import jax
import jax.numpy as jnp
import numpy as np

from latticework.core.network import Network
from latticework.core.task import Dataset
from latticework.pictures import (
    activity_gif,
    activity_sheet,
    cell_maps,
    confusion_matrix,
    count_confusions,
    hop_cosine,
    learning_curve,
    record,
)
from latticework.recipes import OpenRun, open_run
from latticework.rules import HopTrace
from latticework.studies.gradcheck import gradcheck

EXAMPLES_FOR_COSINE = 8
HOPS_FOR_COSINE = (0, 1, 2, 4, 8)


def draw_run(folder: Path, dataset: Dataset) -> list[Path]:
    """Draw a run into its own folder: what it learned, and how the first seed's network works.

    Args:
        folder: the run's folder.
        dataset: what it learned from.

    Returns:
        The pictures, in the order a reader wants them.

    Raises:
        ValueError: it is not the folder of a run, or its files are damaged.
        OSError: a picture cannot be written.
    """
    opened = open_run(folder)
    seed = opened.seeds[0]
    network, params = opened.recipe.network(), opened.params_of(seed)
    title = f"{opened.recipe.name}, seed {seed}"
    drawn = []
    metrics = opened.folder.read_metrics()
    if metrics:
        by_epoch = opened.recipe.published.by_epoch
        published = [(epoch + 1, value) for epoch, value in enumerate(by_epoch)]
        path = folder / "learning_curve.png"
        drawn.append(learning_curve(metrics, path, published=published, title=opened.recipe.name))
    first = np.asarray(opened.recipe.task.encode(jnp.asarray(dataset.test_inputs[:1])))[0]
    episode = record(network, params, first, int(dataset.test_targets[0]))
    drawn.append(activity_gif(episode, folder / "activity.gif", title=title))
    drawn.append(activity_sheet(episode, folder / "activity.png", title=title))
    drawn.append(cell_maps(network.wiring, params, folder / "cells.png", title=title))
    drawn.append(_confusions(opened, dataset, folder / "confusion.png", title))
    if isinstance(opened.recipe.rule, HopTrace):
        drawn.append(_cosines(opened, network, dataset, folder / "gradient_cosine.png"))
    return drawn


def _confusions(opened: OpenRun, dataset: Dataset, path: Path, title: str) -> Path:
    """Confusions of the first seed on the whole test set."""
    guesses = []
    for start in range(0, len(dataset.test_targets), 1000):
        scores = opened.scores(jnp.asarray(dataset.test_inputs[start : start + 1000]))
        guesses.append(np.asarray(jnp.argmax(scores[0], axis=-1)))
    num_classes = opened.recipe.task.num_classes
    counts = count_confusions(dataset.test_targets, np.concatenate(guesses), num_classes)
    return confusion_matrix(counts, path, title=title)


def _cosines(opened: OpenRun, network: Network, dataset: Dataset, path: Path) -> Path:
    """How the rule's direction turns to the true gradient as its traces reach further."""
    raw = jnp.asarray(dataset.train_inputs[:EXAMPLES_FOR_COSINE])
    hops = sorted({min(reach, network.wiring.max_depth) for reach in HOPS_FOR_COSINE})
    rows = gradcheck(
        network,
        jax.device_get(opened.recipe.task.encode(raw)),
        dataset.train_targets[:EXAMPLES_FOR_COSINE],
        opened.recipe.loss,
        rule=opened.recipe.rule,
        hops=hops,
        params=opened.params_of(opened.seeds[0]),
    )
    by_hops: dict[int, dict[str, float]] = {}
    for row in rows:
        by_hops.setdefault(int(row.hops or 0), {})[row.group] = row.cosine
    table = [{"hops": reach, "cosine": cosine} for reach, cosine in by_hops.items()]
    return hop_cosine(table, path, title=f"{opened.recipe.name}: gradient cosine after training")
