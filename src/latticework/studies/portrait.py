"""All pictures of one run: what it learned, and how its first seed's network works."""

from pathlib import Path

import jax
import jax.numpy as jnp
import numpy as np

from latticework.core.task import Dataset
from latticework.pictures import count_confusions, learning_curve, save_run_pictures
from latticework.recipes import OpenRun, open_run
from latticework.rules import HopTrace
from latticework.studies.gradcheck import gradcheck

EXAMPLES_FOR_COSINE = 8
HOPS_FOR_COSINE = (0, 1, 2, 4, 8)
SCORED_AT_ONCE = 1000


def draw_run(folder: Path, dataset: Dataset) -> list[Path]:
    """Draw a run into its own folder.

    Args:
        folder: the run's folder.
        dataset: what it learned from.

    Returns:
        The pictures.

    Raises:
        ValueError: it is not the folder of a run, or its files are damaged.
        OSError: a picture cannot be written.
    """
    opened = open_run(folder)
    recipe, seed = opened.recipe, opened.seeds[0]
    first = recipe.task.encode(jnp.asarray(dataset.test_inputs[:1]))[0]
    drawn = []
    if records := opened.folder.read_metrics():
        published = [(epoch + 1, value) for epoch, value in enumerate(recipe.published.by_epoch)]
        path = folder / "learning_curve.png"
        drawn.append(learning_curve(records, path, published=published, title=recipe.name))
    return drawn + save_run_pictures(
        folder,
        recipe.network(),
        opened.params_of(seed),
        inputs=np.asarray(first),
        target=int(dataset.test_targets[0]),
        confusions=_confusions(opened, dataset),
        hop_rows=_cosines(opened, dataset),
        title=f"{recipe.name}, seed {seed}",
    )


def _confusions(opened: OpenRun, dataset: Dataset) -> np.ndarray:
    """`[true class, predicted class]` of the first seed on the whole test set."""
    inputs, guesses = dataset.test_inputs, []
    for start in range(0, len(inputs), SCORED_AT_ONCE):
        scores = opened.scores(jnp.asarray(inputs[start : start + SCORED_AT_ONCE]))
        guesses.append(np.argmax(np.asarray(scores[0]), axis=-1))
    num_classes = opened.recipe.task.num_classes
    return count_confusions(dataset.test_targets, np.concatenate(guesses), num_classes)


def _cosines(opened: OpenRun, dataset: Dataset) -> list[dict]:
    """How the rule's direction turns to the true gradient as its traces reach further.

    Only for rules whose traces have a reach; averaged over a few training examples.
    """
    recipe, wiring = opened.recipe, opened.recipe.topology.wiring
    if not isinstance(recipe.rule, HopTrace):
        return []
    raw = jnp.asarray(dataset.train_inputs[:EXAMPLES_FOR_COSINE])
    rows = gradcheck(
        recipe.network(),
        jax.device_get(recipe.task.encode(raw)),
        dataset.train_targets[:EXAMPLES_FOR_COSINE],
        recipe.loss,
        rule=recipe.rule,
        hops=sorted({min(reach, wiring.max_depth) for reach in HOPS_FOR_COSINE}),
        params=jax.tree.map(jnp.asarray, opened.params_of(opened.seeds[0])),
    )
    by_hops: dict[int, dict[str, float]] = {}
    for row in rows:
        by_hops.setdefault(row.hops or 0, {})[row.group] = row.cosine
    return [{"hops": reach, "cosine": cosine} for reach, cosine in by_hops.items()]
