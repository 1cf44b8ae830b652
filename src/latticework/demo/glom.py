"""Trained columns of GLOM for the page."""

import jax.numpy as jnp
import numpy as np

from latticework.core.checks import require
from latticework.demo.model_file import Network
from latticework.models.glom import Glom
from latticework.models.glom_learner import TEST_SEED
from latticework.recipes.glom_recipe import GlomRecipe
from latticework.recipes.run import OpenRun
from latticework.tasks.catalogue import SIDE


def glom_network(opened: OpenRun, seed: int) -> Network:
    """The columns of one seed.

    Raises:
        ValueError: they use a part that the page does not compute.
    """
    recipe = opened.recipe
    if not isinstance(recipe, GlomRecipe):
        raise ValueError(f"{recipe.name} is not a recipe of GLOM")
    require(
        not (recipe.attention.is_used or recipe.consensus.is_used or recipe.test_dropout),
        "the page computes GLOM without attention, consensus and dropout; this run has one of them",
    )
    model, settling = recipe.network(), recipe.settling
    nets = model.nets
    params = opened.params_of(seed)
    names = ("weight1", "bias1", "weight2", "bias2", "weight3", "bias3")
    return Network(
        family="glom",
        title="GLOM",
        description={
            "rows": model.rows,
            "cols": model.cols,
            "levels": nets.num_levels,
            "length": nets.vector_length,
            "nets": [{"kind": n.kind, "reads": n.reads, "writes": n.writes} for n in nets.nets],
            "steps": settling.num_steps,
            "scale": nets.scale,
            "update": settling.update,
            "divisors": list(settling.snapshots.divisors),
            "factor": settling.snapshots.factor,
            "refeed": settling.refeed,
            "alive_above": settling.alive_above,
            "verdict": recipe.sites.verdict,
            "patch": model.front.patch,
            "mean": model.front.mean,
            "deviation": model.front.deviation,
        },
        tensors={
            **{name: params[name] for name in names},
            "place": _places(model, params),
            "basis": model.front.basis[np.arange(nets.vector_length) % len(model.front.basis)],
            "start": _start(model),
        },
    )


def _places(model: Glom, params: dict[str, np.ndarray]) -> np.ndarray:
    """`[net, D, 2]`: what the coordinates add, zero for nets that are told none."""
    places = np.zeros((len(model.nets.nets), model.nets.vector_length, 2), np.float32)
    if model.nets.coordinates:
        places[-len(params["place"]) :] = params["place"]
    return places


def _start(model: Glom) -> np.ndarray:
    """`[level - 1, D, site]`: the levels above the image, as a test of one image begins."""
    blank = jnp.zeros((1, model.rows * model.cols, model.front.patch**2), jnp.float32)
    state = model.start(model.see(blank), jnp.asarray(TEST_SEED))
    require(SIDE % model.front.patch == 0, "patches must fill the image")
    return np.asarray(state)[1:, :, 0].reshape(
        model.nets.num_levels - 1, -1, model.rows * model.cols
    )
