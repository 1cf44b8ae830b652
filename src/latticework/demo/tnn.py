"""Trained temporal columns for the page."""

import dataclasses
from typing import Any

import numpy as np

from latticework.core.checks import require
from latticework.demo.model_file import Network
from latticework.readouts import Logistic
from latticework.recipes.run import OpenRun
from latticework.recipes.wave_recipe import WaveRecipe
from latticework.tasks import WaveImage
from latticework.tasks.spike_codes import Ramp


def tnn_network(opened: OpenRun, seed: int) -> Network:
    """The columns of one seed, ties broken by the order of the cells.

    Raises:
        ValueError: they need what the page does not compute.
    """
    recipe = opened.recipe
    if not isinstance(recipe, WaveRecipe):
        raise ValueError(f"{recipe.name} is not a recipe of temporal networks")
    task, problem = recipe.task, recipe.problem()
    require(
        isinstance(task, WaveImage) and isinstance(recipe.code, Ramp),
        "the page computes the ramp code on images; this run has another code or task",
    )
    require(
        problem.schedule.right_winners,
        "the page does not repeat the published fault in choosing winners; train with --semantics "
        "right-winners, both or corrected",
    )
    params = opened.params_of(seed)
    classifier, weights = params["classifier"], params["weights"]
    return Network(
        family="tnn",
        title="Spikes",
        description=_description(recipe, task, problem),
        tensors={
            **{f"link.{name}": np.asarray(weights[name]) for name in problem.wiring.blocks},
            "classifier.weight": np.asarray(classifier["weight"]),
            "classifier.bias": np.asarray(classifier["bias"]),
        },
    )


def _description(recipe: WaveRecipe, task: Any, problem: Any) -> dict[str, Any]:
    wiring, schedule, heights = problem.wiring, problem.schedule, problem.heights
    scale = recipe.classifier.scale if isinstance(recipe.classifier, Logistic) else 1.0
    return {
        "crop": task.crop,
        "lines": task.lines,
        "stride": task.stride,
        "on_off": task.polarity == "on_off",
        "length": schedule.length,
        "last_step": schedule.last_step,
        "separate_waves": schedule.separate_waves,
        "inputs": [
            {"name": part.name, "channels": part.channels(problem.num_channels).tolist()}
            for part in wiring.inputs
        ],
        "columns": [dataclasses.asdict(column) for column in wiring.ordered_columns()],
        "buffers": [
            {"name": b.name, "of": b.of, "height": heights[b.name]} for b in wiring.buffers
        ],
        "links": [
            {
                "source": link.source,
                "target": link.target,
                "height": heights[link.source],
                "weight": f"link.{link.block}",
            }
            for link in wiring.links
        ],
        "read": list(wiring.read),
        "reads_all": recipe.reads == "all",
        "scale": scale,
    }


def first_wins(opened: OpenRun) -> OpenRun:
    """The same run with ties broken by the order of the cells, as the page does."""
    recipe = opened.recipe
    if not isinstance(recipe, WaveRecipe):
        return opened
    return dataclasses.replace(opened, recipe=dataclasses.replace(recipe, tie_break="first"))
