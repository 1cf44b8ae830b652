"""A trained network of the leaky family for the page."""

from typing import Literal

import numpy as np

from latticework.cells import LeakyTanh
from latticework.core.checks import require
from latticework.core.topology import AbstractTopology
from latticework.demo.model_file import Network
from latticework.demo.row_input import row_input
from latticework.readouts import PortSum
from latticework.recipes.leaky_recipe import LeakyRecipe
from latticework.recipes.run import OpenRun
from latticework.rules import HopTrace
from latticework.topologies import Grid, SmallWorld, Tree

MOST_HOPS = 8
TITLES = {Grid: "Grid", Tree: "Trees", SmallWorld: "Small world"}


def leaky_network(opened: OpenRun, seed: int) -> Network:
    """The network of one seed.

    Raises:
        ValueError: it has a cell or a readout that the page does not compute.
    """
    recipe = opened.recipe
    if not isinstance(recipe, LeakyRecipe):
        raise ValueError(f"{recipe.name} is not a recipe of the leaky family")
    cell, readout = recipe.cell, recipe.readout
    if not isinstance(cell, LeakyTanh) or not isinstance(readout, PortSum):
        raise ValueError(
            f"the page computes leaky_tanh cells read by port_sum, not {type(cell).__name__} read "
            f"by {type(readout).__name__}"
        )
    require(recipe.loss == "sum", "the page learns by the loss 'sum'; this run used 'per_t'")
    wiring = recipe.topology.wiring
    words, tensors = row_input(recipe.task)
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
            "members": wiring.readout_ports.shape[1],
            "input": words,
        },
        tensors={
            **opened.params_of(seed),
            "pred": wiring.pred,
            "channel": wiring.channel,
            "ports": wiring.readout_ports,
            "coordinates": np.asarray(wiring.coordinates),
            **tensors,
        },
    )


def _layout(topology: AbstractTopology) -> Literal["grid", "forest", "free"]:
    if isinstance(topology, Grid | SmallWorld):
        return "grid"
    return "forest" if isinstance(topology, Tree) else "free"
