"""Pictures of a run of the leaky family: what its first seed's network does."""

from pathlib import Path

import jax
import jax.numpy as jnp
import numpy as np

from latticework.core.task import Dataset
from latticework.pictures import save_run_pictures
from latticework.recipes import OpenRun, require_leaky
from latticework.rules import HopTrace
from latticework.studies.gradcheck import gradcheck

EXAMPLES_FOR_COSINE = 8
HOPS_FOR_COSINE = (0, 1, 2, 4, 8)


def leaky_portrait(opened: OpenRun, dataset: Dataset) -> list[Path]:
    """Maps of the parameters, the activity while one digit streams in, gradient cosines."""
    recipe, seed = require_leaky(opened.recipe, "this portrait"), opened.seeds[0]
    first = recipe.task.encode(jnp.asarray(dataset.test_inputs[:1]))[0]
    return save_run_pictures(
        opened.folder.path,
        recipe.network(),
        opened.params_of(seed),
        inputs=np.asarray(first),
        target=int(dataset.test_targets[0]),
        hop_rows=_cosines(opened, dataset),
        title=f"{recipe.name}, seed {seed}",
    )


def _cosines(opened: OpenRun, dataset: Dataset) -> list[dict]:
    """How the rule's direction turns to the true gradient as its traces reach further.

    Only for rules whose traces have a reach; averaged over a few training examples.
    """
    recipe = require_leaky(opened.recipe, "this portrait")
    wiring = recipe.topology.wiring
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
