"""The animations of README and docs/families, from the models that come with the page.

`python docs/drawings/animate.py [NAME ...]` draws docs/figures/NAME.gif: leaky, gridnet, glom, tnn.
It needs MNIST, whose first test image it shows, and takes about a minute.
"""

import json
import sys
from collections.abc import Callable, Mapping
from importlib import resources
from pathlib import Path
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from safetensors.numpy import load

from latticework.pictures import activity_gif, record
from latticework.pictures.wave_gif import wave_gif
from latticework.recipes.serial import from_json
from latticework.studies.glom_networks import Subject
from latticework.studies.glom_portrait import glom_film
from latticework.studies.gridnet_portrait import gridnet_film
from latticework.studies.plasticity import counts_of
from latticework.studies.tnn_portrait import activity
from latticework.tasks import DataSource, fetch

FIGURES = Path(__file__).resolve().parents[1] / "figures"


def shipped(name: str) -> tuple[Any, Any]:
    """Recipe and parameters of a model that the page shows."""
    models = resources.files("latticework.demo") / "models"
    recipe = from_json(json.loads((models / f"{name}.json").read_text())["recipe"])
    stored = load((models / f"{name}.safetensors").read_bytes())
    learner = recipe.learner()
    template = jax.eval_shape(lambda: learner.init((0,)))

    def find(path: Any, leaf: Any) -> jax.Array:
        words = jax.tree_util.keystr(path, simple=True, separator=".")
        # The page knows the weights of a temporal network's links by another name, and no draws.
        value = stored.get(words, stored.get(words.replace("weights.", "link.", 1)))
        shape = leaf.shape[1:]
        return jnp.zeros(shape, leaf.dtype) if value is None else jnp.asarray(value).reshape(shape)

    return recipe, jax.tree_util.tree_map_with_path(find, template)


def leaky(images: np.ndarray, classes: np.ndarray, path: Path) -> None:
    recipe, params = shipped("grid")
    inputs = np.asarray(recipe.task.encode(jnp.asarray(images[:1]))[0])
    episode = record(recipe.network(), params, inputs, int(classes[0]))
    activity_gif(episode, path, title="leaky")


def gridnet(images: np.ndarray, classes: np.ndarray, path: Path) -> None:
    recipe, params = shipped("gridnet")
    gridnet_film(recipe, params, images[0], int(classes[0]), path, title="gridnet")


def glom(images: np.ndarray, classes: np.ndarray, path: Path) -> None:
    recipe, params = shipped("glom")
    glom_film(Subject(recipe, params), images[0], path, title="GLOM", then=images[1])


def tnn(images: np.ndarray, classes: np.ndarray, path: Path) -> None:
    recipe, params = shipped("tnn")
    batch = jax.tree.map(lambda leaf: leaf[None], params)
    trains = activity(recipe.learner(), batch, recipe, images[:1])
    counts = {name: counts_of(value[0]) for name, value in trains.items()}
    wave_gif(
        images[0],
        recipe.task.lines_of_waves(),
        counts,
        path,
        wave_length=recipe.wave_length,
        title="temporal network",
    )


ANIMATIONS: Mapping[str, Callable[[np.ndarray, np.ndarray, Path], None]] = {
    "leaky": leaky,
    "gridnet": gridnet,
    "glom": glom,
    "tnn": tnn,
}


if __name__ == "__main__":
    mnist = fetch("mnist", DataSource())
    for name in sys.argv[1:] or ANIMATIONS:
        path = FIGURES / f"{name}.gif"
        ANIMATIONS[name](mnist.test_images, mnist.test_classes, path)
        print(f"{path.name}: {path.stat().st_size // 1024} KB")
