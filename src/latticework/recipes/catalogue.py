"""All recipes by name."""

from latticework.core.registry import unknown_name
from latticework.recipes.base import AbstractRecipe
from latticework.recipes.glom import GLOM_RECIPES
from latticework.recipes.gridnet import GRIDNET_RECIPES
from latticework.recipes.leaky import LEAKY_RECIPES
from latticework.recipes.rewired import REWIRED_RECIPES
from latticework.recipes.tnn import TNN_RECIPES

FAMILIES: dict[str, tuple[AbstractRecipe, ...]] = {
    "leaky": LEAKY_RECIPES,
    "rewired": REWIRED_RECIPES,
    "gridnet": GRIDNET_RECIPES,
    "glom": GLOM_RECIPES,
    "tnn": TNN_RECIPES,
}

RECIPES: dict[str, AbstractRecipe] = {
    recipe.name: recipe for family in FAMILIES.values() for recipe in family
}

LENGTHY = (
    "gridnet-mnist-published",
    "gridnet-mnist-gated-published",
    "gridnet-echo-published",
    "gridnet-imagenet",
    "gridnet-imagenet-published",
    "glom-mnist-faithful",
)
"""Recipes that take two cores hours or days, or need a folder of photographs."""


def recipe(name: str) -> AbstractRecipe:
    """The recipe called `name`.

    Raises:
        ValueError: there is none; the message names those there are.
    """
    if name not in RECIPES:
        raise ValueError(unknown_name("recipe", name, RECIPES))
    return RECIPES[name]
