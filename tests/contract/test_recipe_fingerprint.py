"""Every field of every recipe is in the fingerprint of a run, or in the list of what may change."""

import copy
import dataclasses
import functools
from collections.abc import Iterator
from typing import Any

import pytest

from latticework.recipes import FAMILIES, RECIPES, AbstractRecipe, from_json, to_json
from latticework.recipes.kinds import PARTS, REGISTRIES
from latticework.recipes.serial import KIND
from latticework.train.description import description
from latticework.train.fingerprint import FREE, changes, first_difference

Place = tuple[str | int, ...]


def leaves(value: Any, at: Place = ()) -> Iterator[tuple[Place, Any]]:
    """Every plain value within stored JSON, with its place."""
    if isinstance(value, dict):
        for key, entry in value.items():
            yield from leaves(entry, (*at, key))
    elif isinstance(value, list) and value:
        for number, entry in enumerate(value):
            yield from leaves(entry, (*at, number))
    else:
        yield at, value


def other(value: Any) -> Any:
    """A value of the same type that is not the same."""
    if isinstance(value, bool):
        return not value
    if isinstance(value, int | float):
        return value + 1
    if isinstance(value, str):
        return f"{value}x"
    return 1  # for None and for an empty list


def edited(stored: Any, place: Place) -> Any:
    """`stored` with another value at one place."""
    copied = part = copy.deepcopy(stored)
    for key in place[:-1]:
        part = part[key]
    part[place[-1]] = other(part[place[-1]])
    return copied


def words(place: Place) -> str:
    """A place as the sentences name it."""
    return "".join(f"[{key}]" if isinstance(key, int) else f".{key}" for key in place)[1:]


def is_free(field: str) -> bool:
    return any(field == free or field.startswith((f"{free}.", f"{free}[")) for free in FREE)


def parts(value: Any) -> Iterator[Any]:
    """A dataclass and all dataclasses within it."""
    if dataclasses.is_dataclass(value):
        yield value
        for field in dataclasses.fields(value):
            yield from parts(getattr(value, field.name))
    elif isinstance(value, tuple):
        for entry in value:
            yield from parts(entry)


def telling() -> list[str]:
    """Recipes that have a part which none before them has."""
    seen: set[type] = set()
    chosen = []
    for name, recipe in RECIPES.items():
        kinds = {type(part) for part in parts(recipe)}
        if not kinds <= seen:
            chosen.append(name)
        seen |= kinds
    return chosen


@pytest.mark.parametrize("name", telling())
def test_every_edit_of_a_recipe_is_refused_or_may_be_made(name):
    stored = to_json(RECIPES[name])
    places = [place for place, _ in leaves(stored)]
    assert len(places) > 20
    for place in places:
        try:
            new = to_json(from_json(edited(stored, place)))
        except (ValueError, TypeError):
            continue  # refused before it comes to a run
        found = [change.field for change in changes({"recipe": stored}, {"recipe": new})]
        # Numbers of a list are named together.
        assert found in ([words(place)], [words(place).removesuffix(f"[{place[-1]}]")])
        assert (first_difference({"recipe": stored}, {"recipe": new}) is None) == is_free(
            words(place)
        )


@functools.cache
def instances() -> dict[type, Any]:
    """One instance of each class that a recipe may be made of."""
    catalogue = [part for recipe in RECIPES.values() for part in parts(recipe)]
    listed = [
        one for registry in REGISTRIES for name in registry for one in registry.examples_of(name)
    ]
    return {type(one): one for one in [*listed, *catalogue]}


KINDS = {cls for registry in REGISTRIES for cls in registry.entries.values()} | set(PARTS)


@pytest.mark.parametrize("cls", sorted(KINDS, key=lambda cls: cls.__name__))
def test_every_field_of_every_part_is_stored(cls):
    one = instances()[cls]
    stored = to_json(one)
    names = {field.name for field in dataclasses.fields(one)}
    assert set(stored) == names | {KIND}
    for name in names:
        changed = {**stored, name: "something else"}
        assert first_difference({"part": stored}, {"part": changed}), name


UNSEEN = {
    "name": "what the run is called",
    "task.dataset": "the data themselves are compared",
    "kernel": "the path that is taken is compared",
    "corrected_wiring": "the wiring that runs is compared",
}
"""Fields that decide no number where there is no recipe, or are compared otherwise."""


def without_recipe(recipe: AbstractRecipe) -> Any:
    """What a run from Python is known by, beside its data."""
    return {
        "learner": description(recipe.learner()),
        "encode": description(recipe.task.encode),
        "training": description(getattr(recipe, "training", None)),
        "optimiser": description(getattr(recipe, "optimiser", None)),
        "protocol": description(getattr(recipe, "protocol", None)),
        "staging": description(getattr(recipe, "staging", None)),
    }


@pytest.mark.parametrize("family", FAMILIES)
def test_without_a_recipe_every_part_of_the_learner_is_compared(family):
    recipe = FAMILIES[family][0]
    stored, before = to_json(recipe), without_recipe(recipe)
    missed = []
    for place, _ in leaves(stored):
        try:
            changed = from_json(edited(stored, place))
            changed.check()
        except (ValueError, TypeError):
            continue
        if first_difference(before, without_recipe(changed)) is None:
            missed.append(words(place))
    assert [field for field in missed if not is_free(field) and field not in UNSEEN] == []
