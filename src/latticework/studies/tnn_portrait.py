"""Pictures of a run of a temporal network: its spikes, its weights, its winners, its drift."""

from pathlib import Path
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from latticework.core import spikes
from latticework.core.checks import require
from latticework.core.task import Dataset
from latticework.kernels.wave_choice import choose_wave_kernel
from latticework.models import TnnLearner
from latticework.pictures.plasticity_drift import plasticity_drift
from latticework.pictures.spike_raster import spike_raster
from latticework.pictures.wave_gif import wave_gif
from latticework.pictures.weight_maps import weight_maps
from latticework.pictures.winner_counts import winner_counts
from latticework.recipes import OpenRun, WaveRecipe
from latticework.studies.plasticity import CASES, counts_of, expected_in_image
from latticework.tasks import WaveImage

EXAMPLES, MOST_POPULATIONS = 100, 6
"""Test images that winners are counted on; populations that are drawn."""

STRETCHES, LOOKS = 8, 25
"""Of the drift: stretches of learning, and images of each to take the expectation from."""


def tnn_portrait(opened: OpenRun, dataset: Dataset) -> list[Path]:
    """Spikes of the first test image, as a raster and as an animation; weights before and after;
    winners; and what plasticity did against what it was expected to do."""
    recipe = opened.recipe
    require(isinstance(recipe, WaveRecipe), f"{recipe.name} is no temporal network")
    if not isinstance(recipe, WaveRecipe) or not recipe.columns.links:
        return []
    seed, folder = opened.seeds[0], opened.folder.path
    learner, title = recipe.learner(), f"{recipe.name}, seed {seed}"
    params = jax.tree.map(lambda leaf: jnp.asarray(leaf)[None], opened.params_of(seed))
    length = recipe.wave_length
    trains = activity(learner, params, recipe, dataset.test_inputs[:EXAMPLES])
    first = {name: value[0] for name, value in trains.items()}
    frames = {
        name: np.asarray(spikes.frames(jnp.asarray(value), length))
        for name, value in list(first.items())[:MOST_POPULATIONS]
    }
    before = learner.init((seed,))
    drawn = [
        spike_raster(frames, folder / "spikes.png", title=title),
        weight_maps(_matrices(before), _matrices(params), folder / "weights.png", title=title),
        winner_counts(_times(recipe, trains), length, folder / "winners.png", title=title),
    ]
    if isinstance(recipe.task, WaveImage):
        shown = {name: counts_of(value) for name, value in list(first.items())[:MOST_POPULATIONS]}
        drawn.append(
            wave_gif(
                dataset.test_inputs[0],
                recipe.task.lines_of_waves(),
                shown,
                folder / "waves.gif",
                wave_length=length,
                title=title,
            )
        )
    drift = _drift(learner, recipe, before, dataset)
    if drift:
        drawn.append(plasticity_drift(drift, folder / "drift.png", title=title))
    return drawn


def activity(
    learner: TnnLearner, params: Any, recipe: WaveRecipe, images: np.ndarray
) -> dict[str, np.ndarray]:
    """Trains of all populations, `[example, wave, unit]`, without learning; of one seed."""
    problem = learner.problem
    names = problem.wiring.populations
    kernel = choose_wave_kernel(problem, recipe.kernel)
    result = kernel.run(
        params["weights"],
        learner.trains(params, recipe.task.encode(jnp.asarray(images))[None]),
        params["key"],
        jnp.uint32(0),
        learns=False,
        record=names,
    )
    ends = np.cumsum([problem.sizes[name] for name in names])
    parts = np.split(np.asarray(result.trains[0]), ends[:-1], axis=-1)
    return dict(zip(names, parts, strict=True))


def _matrices(params: Any) -> dict[str, np.ndarray]:
    return {name: np.asarray(value[0]) for name, value in params["weights"].items()}


def _times(recipe: WaveRecipe, trains: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
    """Firing steps of the columns."""
    names = [column.name for column in recipe.columns.columns][:MOST_POPULATIONS]
    return {
        name: np.asarray(spikes.spike_times(jnp.asarray(trains[name]), recipe.wave_length))
        for name in names
    }


def _drift(
    learner: TnnLearner, recipe: WaveRecipe, params: Any, dataset: Dataset
) -> dict[str, list[dict[str, Any]]]:
    """Learning once more from the start, in stretches, each with what it was expected to do.

    The expectation is that of single images spread over the stretch, wave by wave.
    """
    problem, found = learner.problem, {}
    size = max(recipe.protocol.num_learned // STRETCHES, 1)
    looks = np.linspace(0, size, min(LOOKS, size), endpoint=False).astype(int)
    waves = size * recipe.task.num_steps
    learn = jax.jit(
        lambda params, raw, at: learner.learn(params, recipe.task.encode(raw)[None], at)
    )
    for number in range(STRETCHES):
        first = number * size
        images = jnp.asarray(dataset.train_inputs[first : first + size])
        if len(images) < size:
            break
        before, hoped = _matrices(params), []
        for at, stop in zip(looks, [*looks[1:], size], strict=True):
            one = jax.tree.map(lambda leaf: leaf[0], params)
            rows = learner.trains(params, recipe.task.encode(images[at : at + 1])[None])[0, 0]
            example = jnp.uint32(first + at)
            hoped.append(expected_in_image(problem, one["weights"], rows, one["key"], example))
            params = learn(params, images[at:stop], example)
        after = _matrices(params)
        for link in problem.wiring.links:
            if link.name in hoped[0] and link.shares is None:
                mean = np.mean([np.asarray(one[link.name]) for one in hoped], axis=0)
                found.setdefault(link.name, []).append(
                    {
                        "shown": first + size / 2,
                        "expected": dict(zip(CASES, mean.tolist(), strict=True)),
                        "measured": float((after[link.block] - before[link.block]).mean()) / waves,
                    }
                )
    return found
