"""Pictures of a run of GLOM: what the columns of its first seed hold while they settle."""

from pathlib import Path

import jax
import jax.numpy as jnp
import numpy as np

from latticework.core.task import Dataset
from latticework.pictures.level_maps import level_maps, level_movie
from latticework.recipes import OpenRun
from latticework.studies.glom_networks import Subject, require_glom

MOST_FRAMES = 16


def glom_portrait(opened: OpenRun, dataset: Dataset) -> list[Path]:
    """A sheet and a movie of all levels on the first test image, islands outlined."""
    found, seed = require_glom(opened.recipe), opened.seeds[0]
    who = Subject(found, jax.tree.map(jnp.asarray, opened.params_of(seed)))
    states = who.settle(dataset.test_inputs[:1])[:, :, :, 0]
    chosen = np.unique(np.linspace(0, len(states) - 1, MOST_FRAMES).round().astype(int))
    image, folder = dataset.test_inputs[0], opened.folder.path
    title = f"{found.name}, seed {seed}"
    captions = [f"step {n + 1} of {len(states)}" for n in chosen]
    return [
        level_maps(states, image, folder / "levels.png", title=title),
        level_movie(states[chosen], image, folder / "levels.gif", title=title, captions=captions),
    ]
