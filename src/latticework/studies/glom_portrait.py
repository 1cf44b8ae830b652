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
    image, folder = dataset.test_inputs[0], opened.folder.path
    title = f"{found.name}, seed {seed}"
    return [
        level_maps(states, image, folder / "levels.png", title=title),
        glom_film(who, image, folder / "levels.gif", title=title),
    ]


def glom_film(
    who: Subject, raw: np.ndarray, path: Path, *, title: str, then: np.ndarray | None = None
) -> Path:
    """All levels while the columns settle, as an animation, with what they say after each step.

    Args:
        who: the network.
        raw: one image, as the data set has it.
        path: where to save, .gif.
        title: what the network is.
        then: another image, which the columns see after the last step without starting anew.

    Raises:
        OSError: it cannot be written.
    """
    states, images = who.settle(raw[None])[:, :, :, 0], [raw]
    if then is not None:
        further = who.settle(then[None], state=states[-1])[:, :, :, 0]
        states, images = np.concatenate([states, further]), [raw, then]
    steps = len(states)
    chosen = np.unique(np.linspace(0, steps - 1, MOST_FRAMES).round().astype(int))
    per_image = steps // len(images)
    captions = [f"step {n + 1}: reads {who.reads(states[n])}" for n in chosen]
    shown = np.stack([images[n // per_image] for n in chosen])
    votes = states[chosen, -1].argmax(axis=1)
    return level_movie(states[chosen], shown, path, title=title, captions=captions, votes=votes)
