"""latticework: lattices of simple cells that learn by local or exact rules."""

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from latticework.cells import LeakyTanh
    from latticework.core.network import Network
    from latticework.models import (
        LeakyLearner,
        Simulation,
        StreamingLearner,
        diagonal,
        grid,
        leaky_network,
        simulate,
        small_world,
        tree,
    )
    from latticework.readouts import OutputCode, PortSum
    from latticework.recipes import RECIPES, recipe
    from latticework.rules import Bptt, Broadcast, HopTrace, Message, NonIdealities, Rtrl, Stdp
    from latticework.schedules import Wave, Wavefront, corrected
    from latticework.tasks import PoissonIntervals, Ramp, RankOrder
    from latticework.topologies import (
        Buffer,
        Column,
        Columns,
        Diagonal,
        Grid,
        Inputs,
        Link,
        RingLayers,
        SmallWorld,
        Tree,
        Uniform,
        Windows,
    )

    __version__: str

__all__ = [
    "RECIPES",
    "Bptt",
    "Broadcast",
    "Buffer",
    "Column",
    "Columns",
    "Diagonal",
    "Grid",
    "HopTrace",
    "Inputs",
    "LeakyLearner",
    "LeakyTanh",
    "Link",
    "Message",
    "Network",
    "NonIdealities",
    "OutputCode",
    "PoissonIntervals",
    "PortSum",
    "Ramp",
    "RankOrder",
    "RingLayers",
    "Rtrl",
    "Simulation",
    "SmallWorld",
    "Stdp",
    "StreamingLearner",
    "Tree",
    "Uniform",
    "Wave",
    "Wavefront",
    "Windows",
    "corrected",
    "diagonal",
    "grid",
    "leaky_network",
    "recipe",
    "simulate",
    "small_world",
    "tree",
]

_HOMES = {
    "latticework.cells": ("LeakyTanh",),
    "latticework.core.network": ("Network",),
    "latticework.models": (
        "LeakyLearner",
        "Simulation",
        "StreamingLearner",
        "diagonal",
        "grid",
        "leaky_network",
        "simulate",
        "small_world",
        "tree",
    ),
    "latticework.readouts": (
        "OutputCode",
        "PortSum",
    ),
    "latticework.recipes": (
        "RECIPES",
        "recipe",
    ),
    "latticework.rules": (
        "Bptt",
        "Broadcast",
        "HopTrace",
        "Message",
        "NonIdealities",
        "Rtrl",
        "Stdp",
    ),
    "latticework.schedules": (
        "Wave",
        "Wavefront",
        "corrected",
    ),
    "latticework.tasks": (
        "PoissonIntervals",
        "Ramp",
        "RankOrder",
    ),
    "latticework.topologies": (
        "Buffer",
        "Column",
        "Columns",
        "Diagonal",
        "Grid",
        "Inputs",
        "Link",
        "RingLayers",
        "SmallWorld",
        "Tree",
        "Uniform",
        "Windows",
    ),
}
"""Where the names come from. They are imported when they are asked for: `latticework --help` needs
none of them, and Ctrl-C is heard before they are there."""


def __getattr__(name: str) -> Any:
    if name == "__version__":
        from importlib.metadata import version

        return version("latticework")
    for home, names in _HOMES.items():
        if name in names:
            globals()[name] = found = getattr(importlib.import_module(home), name)
            return found
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
