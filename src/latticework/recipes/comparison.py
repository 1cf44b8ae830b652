"""A published number belongs to its recipe and data set as they stand, and to no other."""

import dataclasses
from typing import Any, TypeVar

from latticework.recipes.base import AbstractRecipe, AbstractTrainedRecipe, Published
from latticework.recipes.catalogue import RECIPES

RecipeT = TypeVar("RecipeT", bound=AbstractRecipe)

ANOTHER = "what was published belongs to the recipe as it stands, which this is not"
"""The note in the place of a number."""

_TEXTS = ("summary", "source", "published")
_CODE_PATHS = ("kernel", "remat")
_PACE = ("eval_every", "eval_subset", "checkpoint_every_s", "chunk_s", "chunk_steps")
"""Fields of the training on which no final accuracy depends."""


def published_for(recipe: AbstractRecipe) -> Published:
    """What was published for exactly this: nothing where a field that decides numbers was changed.

    Args:
        recipe: with the task that is really run. One that the catalogue does not know says itself
            what was published for it.
    """
    known = RECIPES.get(recipe.name)
    if known is None:
        return recipe.published
    if is_unchanged(recipe) or not _has_numbers(known.published):
        return known.published
    return Published(note=ANOTHER)


def compared(recipe: RecipeT) -> RecipeT:
    """`recipe` with what was published for exactly this."""
    return dataclasses.replace(recipe, published=published_for(recipe))


def is_unchanged(recipe: AbstractRecipe) -> bool:
    """Whether it is a recipe of the catalogue, but for what decides no number."""
    known = RECIPES.get(recipe.name)
    if known is None or type(recipe) is not type(known):
        return False
    if type(recipe.task) is not type(known.task):
        return False
    task = _with_fields_of(known.task, recipe.task, ("fallback",))
    recipe = dataclasses.replace(recipe, task=task)
    if isinstance(known, AbstractTrainedRecipe) and isinstance(recipe, AbstractTrainedRecipe):
        training = _with_fields_of(known.training, recipe.training, _PACE)
        recipe = dataclasses.replace(recipe, training=training)
    return known == _with_fields_of(known, recipe, _TEXTS + _CODE_PATHS)


def _with_fields_of(known: Any, other: Any, names: tuple[str, ...]) -> Any:
    """`other` with some fields, as far as there are any, of `known`."""
    there = {field.name for field in dataclasses.fields(known)} & set(names)
    return dataclasses.replace(other, **{name: getattr(known, name) for name in there})


def _has_numbers(published: Published) -> bool:
    return bool(published.by_epoch or published.checked or published.test_accuracy is not None)
