"""Pictures of a run of the gridnet family: one digit on its way through the cube."""

from pathlib import Path

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array

from latticework.core.seeds import key_of
from latticework.core.task import Dataset
from latticework.models import Gridnet, GridnetParams
from latticework.pictures import cube_gif, cube_slices, signal_reach
from latticework.recipes import GridnetRecipe, OpenRun


def gridnet_portrait(opened: OpenRun, dataset: Dataset) -> list[Path]:
    """Slabs of the cube over the sweeps, how far information has travelled after each, a film."""
    recipe, seed = opened.recipe, opened.seeds[0]
    if not isinstance(recipe, GridnetRecipe):
        raise ValueError(f"this portrait is of gridnets, and {recipe.name} is none")
    network, params = recipe.network(), jax.tree.map(jnp.asarray, opened.params_of(seed))
    image = recipe.task.encode(jnp.asarray(dataset.test_inputs[:1]))[0]
    image = image.reshape(network.image.image_shape)
    states, sensitivity = travel(network, params, image)
    folder, title = opened.folder.path, f"{recipe.name}, seed {seed}"
    return [
        cube_slices(states, folder / "cube.png", title=title),
        signal_reach(sensitivity, folder / "reach.png", title=title),
        gridnet_film(
            recipe,
            params,
            dataset.test_inputs[0],
            int(dataset.test_targets[0]),
            folder / "cube.gif",
            title=title,
        ),
    ]


def gridnet_film(
    recipe: GridnetRecipe,
    params: GridnetParams,
    raw: np.ndarray,
    target: int,
    path: Path,
    *,
    title: str,
) -> Path:
    """One image's way through the box as an animation: the difference that it makes to the cells.

    Args:
        recipe: of the gridnet.
        params: of one seed.
        raw: one image, as the task's data set has it.
        target: its class.
        path: where to save, .gif.
        title: what the network is.

    Raises:
        OSError: it cannot be written.
    """
    network = recipe.network()
    image = recipe.task.encode(jnp.asarray(raw)[None])[0].reshape(network.image.image_shape)

    def read(image: Array) -> tuple[Array, Array]:
        start = network.start(params, image)
        states = jnp.concatenate([start[None], network.trace(params, image)])
        return states, jax.vmap(lambda x: network.readout.read(params["readout"], x))(states)

    states, outputs = jax.jit(read)(image)
    blank, _ = jax.jit(read)(jnp.zeros_like(image))
    scores = None if recipe.loss == "echo" else np.asarray(outputs)
    shown = np.asarray(image).reshape(image.shape[0], image.shape[1], -1).mean(axis=-1)
    return cube_gif(
        np.asarray(states - blank), shown, path, scores=scores, target=target, title=title
    )


def travel(network: Gridnet, params: GridnetParams, image: Array) -> tuple[np.ndarray, np.ndarray]:
    """One image's states, and how much each depth answers to it.

    The answer is the root mean square, over the cells of a slab, of the derivative along one random
    change of the image of unit size per pixel; exactly zero where nothing has arrived.

    Args:
        network: the gridnet.
        params: of one seed.
        image: one example.

    Returns:
        States `[step, *cells]` and sensitivity `[step, depth]`, both from before the first step.
    """
    params = jax.tree.map(jnp.asarray, params)  # as read from a file
    change = jax.random.normal(key_of(0), image.shape, image.dtype)

    def states_of(image: Array) -> Array:
        start = network.start(params, image)
        return jnp.concatenate([start[None], network.trace(params, image)])

    states, moved = jax.jit(lambda image, by: jax.jvp(states_of, (image,), (by,)))(image, change)
    axes = tuple(range(1, moved.ndim - 1))
    return np.asarray(states), np.asarray(jnp.sqrt(jnp.mean(jnp.square(moved), axis=axes)))
