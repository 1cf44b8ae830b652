"""One frozen recipe per experiment, and how to run one."""

from latticework.recipes.base import AbstractRecipe, Published
from latticework.recipes.catalogue import FAMILIES, LENGTHY, RECIPES, recipe
from latticework.recipes.comparison import compared, is_unchanged, published_for
from latticework.recipes.glom_recipe import GlomRecipe
from latticework.recipes.gridnet_recipe import GridnetRecipe
from latticework.recipes.leaky_recipe import LeakyRecipe, require_leaky
from latticework.recipes.run import OpenRun, Prepared, open_run, prepare, read_recipe, run
from latticework.recipes.serial import from_json, to_json
from latticework.recipes.wave_recipe import WaveRecipe

__all__ = [
    "FAMILIES",
    "LENGTHY",
    "RECIPES",
    "AbstractRecipe",
    "GlomRecipe",
    "GridnetRecipe",
    "LeakyRecipe",
    "OpenRun",
    "Prepared",
    "Published",
    "WaveRecipe",
    "compared",
    "from_json",
    "is_unchanged",
    "open_run",
    "prepare",
    "published_for",
    "read_recipe",
    "recipe",
    "require_leaky",
    "run",
    "to_json",
]
