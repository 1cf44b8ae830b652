"""One frozen recipe per experiment, and how to run one."""

from latticework.recipes.base import Published, Recipe
from latticework.recipes.catalogue import RECIPES, recipe
from latticework.recipes.run import OpenRun, Prepared, open_run, prepare, read_recipe, run
from latticework.recipes.serial import from_json, to_json

__all__ = [
    "RECIPES",
    "OpenRun",
    "Prepared",
    "Published",
    "Recipe",
    "from_json",
    "open_run",
    "prepare",
    "read_recipe",
    "recipe",
    "run",
    "to_json",
]
