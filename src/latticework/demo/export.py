"""`latticework export`: a finished run as a model that the page can load."""

import base64
from collections.abc import Callable, Mapping
from typing import Any

import jax.numpy as jnp
import numpy as np

from latticework.core.checks import require
from latticework.demo.glom import glom_network
from latticework.demo.gridnet import gridnet_network
from latticework.demo.leaky import leaky_network
from latticework.demo.model_file import FORMAT, VERSION, ModelFile, Network
from latticework.demo.tnn import first_wins, tnn_network
from latticework.recipes import to_json
from latticework.recipes.base import AbstractRecipe
from latticework.recipes.glom_recipe import GlomRecipe
from latticework.recipes.gridnet_recipe import GridnetRecipe
from latticework.recipes.leaky_recipe import LeakyRecipe
from latticework.recipes.run import OpenRun
from latticework.recipes.wave_recipe import WaveRecipe
from latticework.tasks.digits import digits

Exporter = Callable[[OpenRun, int], Network]
EXPORTERS: Mapping[type[AbstractRecipe], Exporter] = {
    LeakyRecipe: leaky_network,
    GridnetRecipe: gridnet_network,
    GlomRecipe: glom_network,
    WaveRecipe: tnn_network,
}
"""How the networks of each kind of recipe are described to the page."""

NUM_CLASSES = 10
MAX_BYTES = 64 << 20
"""Most bytes that the page accepts."""


def export_run(opened: OpenRun, seed: int, name: str = "", summary: str = "") -> ModelFile:
    """The network of one seed as a model file, with ten probes that a reader can check itself by.

    Args:
        opened: the run.
        seed: which of its seeds.
        name: what to call it; the recipe's name when empty.
        summary: what to say of it; the recipe's summary when empty.

    Raises:
        ValueError: the run is of a kind that the page does not show, or too large for it.
    """
    recipe = opened.recipe
    exporter = EXPORTERS.get(type(recipe))
    if exporter is None:
        known = ", ".join(kind.__name__ for kind in EXPORTERS)
        raise ValueError(
            f"{recipe.name} is a {type(recipe).__name__}, which the page does not show; it shows "
            f"{known}"
        )
    require(
        recipe.task.num_classes == NUM_CLASSES,
        f"{recipe.name} has {recipe.task.num_classes} classes; the page shows {NUM_CLASSES}",
    )
    network = exporter(opened, seed)
    weights = network.save()
    require(
        len(weights) <= MAX_BYTES,
        f"{recipe.name} has {len(weights):,} bytes of parameters; the page takes {MAX_BYTES:,}",
    )
    manifest = {
        "format": FORMAT,
        "version": VERSION,
        "family": network.family,
        "name": name or recipe.name,
        "title": network.title,
        "summary": summary or recipe.summary,
        "source": recipe.source,
        "seed": seed,
        "parameters": recipe.num_parameters,
        **_outcome(opened, seed),
        "network": network.description,
        "probes": probes(opened, seed),
        "recipe": to_json(recipe),
    }
    return ModelFile(name or recipe.name, manifest, weights)


def _outcome(opened: OpenRun, seed: int) -> dict[str, Any]:
    """Which data it learned, and how well, as its run folder says."""
    result = opened.result
    if result is None or result.get("per_seed") is None:
        return {"dataset": "unknown", "accuracy": None, "accuracy_note": "the run is not finished"}
    per_seed, dataset = result["per_seed"], result.get("dataset", "unknown")
    require(
        len(per_seed) == len(opened.seeds),
        f"{opened.folder.result} has {len(per_seed)} accuracies for {len(opened.seeds)} seeds; "
        "restore it, or delete it to export without an accuracy",
    )
    accuracy = per_seed[opened.seeds.index(seed)]
    score = opened.recipe.learner().score_name
    note = f"{score} on the test images of {dataset}, seed {seed}"
    return {"dataset": dataset, "accuracy": accuracy, "accuracy_note": note}


def probes(opened: OpenRun, seed: int) -> list[dict[str, Any]]:
    """One digit of each class from scikit-learn's set, with this network's scores."""
    images, classes = digits()
    first = [int(np.flatnonzero(classes == c)[0]) for c in range(NUM_CLASSES)]
    same = first_wins(opened)
    at = opened.seeds.index(seed)
    # One at a time, as the page does: where a start is drawn, it is drawn for the whole batch.
    scores = [np.asarray(same.scores(jnp.asarray(images[i : i + 1])))[at, 0] for i in first]
    return [
        {
            "label": int(classes[i]),
            "image": base64.b64encode(images[i].tobytes()).decode(),
            "scores": [float(s) for s in row],
        }
        for i, row in zip(first, scores, strict=True)
    ]
