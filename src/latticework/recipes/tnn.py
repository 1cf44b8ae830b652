"""The experiments with temporal neural networks."""

from latticework.recipes.tnn_variants import VARIANTS
from latticework.recipes.tnn_versions import VERSIONS
from latticework.recipes.wave_recipe import WaveRecipe

TNN_RECIPES: tuple[WaveRecipe, ...] = (*VERSIONS, *VARIANTS)
