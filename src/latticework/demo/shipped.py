"""The models that come with the package, as networks again."""

import dataclasses
from collections.abc import Callable
from functools import cached_property
from importlib import resources
from typing import Any

import jax
import numpy as np
from jaxtyping import Array

from latticework.core.checks import require
from latticework.core.learner import Params
from latticework.core.registry import unknown_name
from latticework.recipes import AbstractRecipe, from_json
from latticework.untrusted import decode_tensors, parse_json

MODELS = resources.files("latticework.demo") / "models"


@dataclasses.dataclass(frozen=True)
class Shipped:
    """A trained network that comes with the package.

    Args:
        name: as `predict` and the page call it.
        recipe: what it was trained by.
        seed: its seed.
        params: its parameters, each leaf with a leading axis of one seed.
    """

    name: str
    recipe: AbstractRecipe
    seed: int
    params: Params

    def scores(self, raw: Array | np.ndarray) -> Array:
        """Class scores of raw examples, `[1, example, class]`."""
        return self._scores(self.params, raw)

    @cached_property
    def _scores(self) -> Callable[[Params, Array | np.ndarray], Array]:
        learner, encode = self.recipe.learner(), self.recipe.task.encode
        return jax.jit(lambda params, raw: learner.scores(params, encode(raw)))


def shipped_names() -> list[str]:
    """The models whose whole parameters are in their file.

    Temporal columns are not among them: the page is given their links alone.
    """
    found = (file.name for file in MODELS.iterdir())
    stems = (name.removesuffix(".json") for name in found if name.endswith(".json"))
    return sorted(name for name in stems if name != "tnn")


def open_shipped(name: str) -> Shipped:
    """A model that comes with the package.

    Raises:
        ValueError: there is none of this name, or its file is damaged.
    """
    known = shipped_names()
    require(name in known, unknown_name("model", name, known))
    manifest = parse_json((MODELS / f"{name}.json").read_bytes())
    tensors, _ = decode_tensors((MODELS / f"{name}.safetensors").read_bytes())
    recipe, seed = from_json(manifest["recipe"]), int(manifest["seed"])
    require(isinstance(recipe, AbstractRecipe), f"the model {name} has no recipe")
    learner = recipe.learner()
    like = jax.eval_shape(lambda: learner.init((seed,)))
    return Shipped(name, recipe, seed, jax.tree_util.tree_map_with_path(_taken_from(tensors), like))


def _taken_from(tensors: dict[str, np.ndarray]) -> Callable[[Any, Any], np.ndarray]:
    """What finds a leaf of the parameters among the tensors of a model file."""

    def take(path: Any, leaf: Any) -> np.ndarray:
        name = jax.tree_util.keystr(path, simple=True, separator=".")
        shape = leaf.shape[1:]
        require(name in tensors, f"the model file has no tensor {name}")
        # GLOM's coordinates are there for every net, zero for those that are told none.
        found = tensors[name][-shape[0] :] if shape else tensors[name]
        require(found.shape == shape, f"{name} has shape {found.shape}; {shape} expected")
        return found.astype(leaf.dtype)[None]

    return take
