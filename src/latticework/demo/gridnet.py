"""A trained gridnet for the page."""

import dataclasses
from typing import Any

import jax
import numpy as np

from latticework.cells import GatedNeighbourMix
from latticework.core.checks import require
from latticework.demo.model_file import Network
from latticework.models import ImageFace
from latticework.recipes.gridnet_recipe import GridnetRecipe
from latticework.recipes.run import OpenRun

NUM_AXES, NUM_SLOTS = 3, 27


def gridnet_network(opened: OpenRun, seed: int) -> Network:
    """The box of one seed.

    Raises:
        ValueError: it is of a shape or kind that the page does not compute.
    """
    recipe = opened.recipe
    if not isinstance(recipe, GridnetRecipe):
        raise ValueError(f"{recipe.name} is not a recipe of gridnet")
    lattice, cell, face = recipe.topology, recipe.cell, recipe.image
    require(
        len(lattice.shape) == NUM_AXES and lattice.num_slots == NUM_SLOTS and not lattice.is_torus,
        f"the page computes boxes whose cells see 3 x 3 x 3 neighbours; this lattice is {lattice}",
    )
    if not isinstance(face, ImageFace) or recipe.loss != "cross_entropy":
        raise ValueError("the page shows gridnets that classify an image written on their face")
    params = opened.params_of(seed)
    return Network(
        family="gridnet",
        title="Gridnet",
        description={
            "shape": list(lattice.shape),
            "block": list(recipe.schedule.block_shape),
            "inner": recipe.schedule.inner_steps,
            "outer": recipe.outer_steps,
            "activation": getattr(cell, "activation", ""),
            "gated": isinstance(cell, GatedNeighbourMix),
            "block_norm": recipe.schedule.block_norm,
            "block_eps": recipe.schedule.eps,
            "outer_residual": recipe.outer_residual,
            "shares_weights": recipe.shares_weights,
            "eps": recipe.network().eps,
            "read_eps": recipe.readout.eps,
            "layers": recipe.readout.layers,
            "face": {**dataclasses.asdict(face), "pool": 28 // face.height},
        },
        tensors=_flat(params),
    )


def _flat(params: Any) -> dict[str, np.ndarray]:
    """Parameters by the path of their names."""
    leaves, _ = jax.tree_util.tree_flatten_with_path(params)
    return {
        jax.tree_util.keystr(path, simple=True, separator="."): np.asarray(leaf)
        for path, leaf in leaves
    }
