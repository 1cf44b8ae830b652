"""Networks of GLOM for studies: trained here, read from a run, untrained, or as published."""

from dataclasses import dataclass
from pathlib import Path

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array

from latticework.cells.level_nets import NetParams
from latticework.core.checks import require
from latticework.models.glom import Glom, Image
from latticework.models.glom_learner import TEST_SEED
from latticework.models.glom_weights import read_weights
from latticework.recipes import AbstractRecipe, GlomRecipe, open_run, recipe
from latticework.studies.training import load_once, train_seeds
from latticework.tasks import DataSource, without_fallback

TRAINED, UNTRAINED, PUBLISHED = "trained", "untrained", "published"


@dataclass(frozen=True)
class Subject:
    """A network to look at.

    Args:
        recipe: how it came about.
        params: of one seed.
    """

    recipe: GlomRecipe
    params: NetParams

    @property
    def network(self) -> Glom:
        """The columns."""
        return self.recipe.network()

    def see(self, raw: np.ndarray) -> Image:
        """Images as the columns see them."""
        return self.network.see(self.recipe.task.encode(jnp.asarray(raw)))

    def settle(
        self, raw: np.ndarray, num_steps: int | None = None, state: np.ndarray | None = None
    ) -> np.ndarray:
        """The state after every step, `[step, level, channel, image, row, col]`.

        Args:
            raw: images.
            num_steps: in place of the recipe's.
            state: of one image, `[level, channel, row, col]`, where another one was left.
        """
        network = self.network
        begin = None if state is None else jnp.asarray(state)[:, :, None]

        def run(params: NetParams, image: Image) -> Array:
            settled = network.settle(
                params, image, TEST_SEED, state=begin, num_steps=num_steps, all_states=True
            )
            states = settled.states
            return settled.state[None] if states is None else states.at[-1].set(settled.state)

        return np.asarray(jax.jit(run)(self.params, self.see(raw)))

    def reads(self, state: np.ndarray) -> int:
        """The class that the columns say in a state `[level, channel, row, col]`."""
        top = jnp.asarray(state[-1])[:, None]
        scores = self.recipe.sites.scores(top, jnp.ones((1, *state.shape[2:]), bool))
        return int(scores[0].argmax())


def subject(
    name: str, weights: str, runs: tuple[str, ...], published: str, source: DataSource
) -> Subject:
    """The network of a recipe with the weights asked for.

    Args:
        name: of the recipe.
        weights: "trained", "untrained" or "published".
        runs: folders of finished runs, used where one is of the recipe; else it is trained now.
        published: file of the published weights.
        source: where data come from.

    Raises:
        ValueError: the recipe is of another family, or something cannot be read.
    """
    base = require_glom(recipe(name))
    if weights == PUBLISHED:
        return Subject(base, read_weights(Path(published), base.nets))
    learner = base.learner()
    if weights == UNTRAINED:
        return Subject(base, jax.tree.map(lambda leaf: leaf[0], learner.init([0])))
    for folder in runs:
        opened = open_run(Path(folder))
        if opened.recipe.name == name:
            params = opened.params_of(opened.seeds[0])
            return Subject(require_glom(opened.recipe), jax.tree.map(jnp.asarray, params))
    result = train_seeds(base, 1, source)
    return Subject(base, jax.tree.map(lambda leaf: leaf[0], result.params))


def require_glom(found: AbstractRecipe) -> GlomRecipe:
    """`found`, if it is a recipe of GLOM.

    Raises:
        ValueError: it is of another family.
    """
    if not isinstance(found, GlomRecipe):
        raise ValueError(
            f"this is for recipes of GLOM, and {found.name} is a {type(found).__name__}; "
            "try glom-mnist"
        )
    return found


def test_images(found: GlomRecipe, count: int, source: DataSource) -> tuple[np.ndarray, np.ndarray]:
    """The first test images of a recipe's data set and their classes.

    Raises:
        ValueError: there are fewer, or the data cannot be had.
    """
    data = load_once(without_fallback(found.task), source)
    require(
        1 <= count <= len(data.test_targets),
        f"{count} images were asked for, expected 1 to {len(data.test_targets)}",
    )
    return data.test_inputs[:count], data.test_targets[:count]
