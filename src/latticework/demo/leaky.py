"""A trained network of the leaky family for the page."""

from typing import Literal

import numpy as np

from latticework.cells import LeakyTanh
from latticework.core.checks import require
from latticework.core.readout import AbstractCountedReadout
from latticework.core.topology import AbstractTopology
from latticework.demo.model_file import Network
from latticework.demo.row_input import row_input
from latticework.recipes.leaky_recipe import LeakyRecipe
from latticework.recipes.run import OpenRun
from latticework.rules import HopTrace
from latticework.topologies import Grid, RingLayers, SmallWorld, Tree, Windows

MOST_HOPS = 8
TITLES = {
    Grid: "Grid",
    Tree: "Trees",
    SmallWorld: "Small world",
    RingLayers: "Ring layers",
    Windows: "No messages",
}


def leaky_network(opened: OpenRun, seed: int) -> Network:
    """The network of one seed.

    Raises:
        ValueError: it has a cell or a readout that the page does not compute.
    """
    recipe = opened.recipe
    if not isinstance(recipe, LeakyRecipe):
        raise ValueError(f"{recipe.name} is not a recipe of the leaky family")
    cell, readout = recipe.cell, recipe.readout
    if not isinstance(cell, LeakyTanh) or not isinstance(readout, AbstractCountedReadout):
        raise ValueError(
            "the page computes leaky_tanh cells read by port_sum or output_code, not "
            f"{type(cell).__name__} read by {type(readout).__name__}"
        )
    require(recipe.loss == "sum", "the page learns by the loss 'sum'; this run used 'per_t'")
    wiring = recipe.topology.wiring
    words, tensors = row_input(recipe.task)
    ports, signs = ports_of(readout.counts(wiring))
    if np.any(signs != 1):
        tensors["signs"] = signs
    rule = recipe.rule
    return Network(
        family="leaky",
        title=TITLES.get(type(recipe.topology), type(recipe.topology).__name__),
        description={
            "layout": _layout(recipe.topology),
            "dt": cell.dt,
            "readout_gain": readout.gain,
            "hops": min(rule.hops, MOST_HOPS) if isinstance(rule, HopTrace) else 1,
            "cells": wiring.num_cells,
            "slots": wiring.num_slots,
            "members": ports.shape[1],
            "input": words,
        },
        tensors={
            **opened.params_of(seed),
            "pred": wiring.pred,
            "channel": wiring.channel,
            "ports": ports,
            "coordinates": np.asarray(wiring.coordinates),
            **tensors,
        },
    )


def ports_of(counts: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Cells that each class reads and their signs, `[class, member]`, from `[class, cell]`.

    Raises:
        ValueError: classes read different numbers of cells, or a cell several times.
    """
    sizes = np.abs(counts).sum(axis=1)
    require(
        bool(np.all(sizes == sizes[0]) and np.abs(counts).max() == 1),
        "the page reads as many cells for every class, each once",
    )
    cells = np.stack([np.flatnonzero(of_class) for of_class in counts])
    return cells, np.take_along_axis(counts, cells, axis=1)


def _layout(topology: AbstractTopology) -> Literal["grid", "forest", "layers", "free"]:
    if isinstance(topology, Grid | SmallWorld):
        return "grid"
    if isinstance(topology, RingLayers):
        return "layers"
    return "forest" if isinstance(topology, Tree) else "free"
