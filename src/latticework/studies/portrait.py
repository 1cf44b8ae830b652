"""All pictures of one run: what it learned, and how its first seed's network works."""

from collections.abc import Callable, Mapping
from pathlib import Path

import jax.numpy as jnp
import numpy as np

from latticework.core.learner import ACCURACY
from latticework.core.side_work import side_work
from latticework.core.task import Dataset
from latticework.pictures import confusion_matrix, count_confusions, learning_curve
from latticework.recipes import (
    AbstractRecipe,
    GlomRecipe,
    GridnetRecipe,
    LeakyRecipe,
    OpenRun,
    WaveRecipe,
    open_run,
)
from latticework.studies.glom_portrait import glom_portrait
from latticework.studies.gridnet_portrait import gridnet_portrait
from latticework.studies.leaky_portrait import leaky_portrait
from latticework.studies.tnn_portrait import tnn_portrait

SCORED_AT_ONCE = 1000

Portrait = Callable[[OpenRun, Dataset], list[Path]]

PORTRAITS: Mapping[type[AbstractRecipe], Portrait] = {
    LeakyRecipe: leaky_portrait,
    GridnetRecipe: gridnet_portrait,
    GlomRecipe: glom_portrait,
    WaveRecipe: tnn_portrait,
}
"""What each family draws of a run into its folder, beside what is drawn for all."""


def draw_run(folder: Path, dataset: Dataset) -> list[Path]:
    """Draw a run into its own folder.

    Args:
        folder: the run's folder.
        dataset: what it learned from.

    Returns:
        The pictures. One that fails is missing, which is a warning: the run itself is complete.

    Raises:
        ValueError: it is not the folder of a run, or its files are damaged.
    """
    opened = open_run(folder)
    drawn: list[Path] = []
    for draw in (_learning_curve, _confusion_matrix, _portrait):
        with side_work(f"a picture of {folder} is missing"):
            drawn += draw(opened, dataset)
    return drawn


def _learning_curve(opened: OpenRun, _: Dataset) -> list[Path]:
    recipe, records = opened.recipe, opened.records
    if not records:
        return []
    path = opened.folder.path / "learning_curve.png"
    return [learning_curve(records, path, published=recipe.published.points, title=recipe.name)]


def _confusion_matrix(opened: OpenRun, dataset: Dataset) -> list[Path]:
    if opened.recipe.learner().score_name != ACCURACY:
        return []
    path, title = (
        opened.folder.path / "confusion.png",
        f"{opened.recipe.name}, seed {opened.seeds[0]}",
    )
    return [confusion_matrix(_confusions(opened, dataset), path, title=title)]


def _portrait(opened: OpenRun, dataset: Dataset) -> list[Path]:
    portrait = PORTRAITS.get(type(opened.recipe))
    return [] if portrait is None else portrait(opened, dataset)


def _confusions(opened: OpenRun, dataset: Dataset) -> np.ndarray:
    """`[true class, predicted class]` of the first seed on the whole test set."""
    inputs, guesses = dataset.test_inputs, []
    for start in range(0, len(inputs), SCORED_AT_ONCE):
        scores = opened.scores(jnp.asarray(inputs[start : start + SCORED_AT_ONCE]))
        guesses.append(np.argmax(np.asarray(scores[0]), axis=-1))
    num_classes = opened.recipe.task.num_classes
    return count_confusions(dataset.test_targets, np.concatenate(guesses), num_classes)
