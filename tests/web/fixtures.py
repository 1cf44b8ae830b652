"""What Python computes, for the tests of the page's own arithmetic: `python tests/web/fixtures.py`.

A test compares the committed files with this, so they cannot go stale.
"""

import json
import sys
from pathlib import Path
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from latticework.cells import LeakyTanh
from latticework.core.network import Network
from latticework.demo.leaky import ports_of
from latticework.readouts import OutputCode, PortSum
from latticework.rules import HopTrace
from latticework.schedules import Wavefront
from latticework.tasks.digits import digits
from latticework.tasks.framing import FRAMES, framed
from latticework.topologies import Diagonal, Grid, RingLayers, SmallWorld, Tree, Windows

FOLDER = Path(__file__).resolve().parents[2] / "web" / "tests" / "fixtures"
STEPS = 6
CASES = {
    "grid": (Grid(rows=4, cols=3), 4, (0, 1, 3)),
    "tree": (Tree(num_channels=5, num_classes=3, seed=1), 5, (1,)),
    "small-world": (SmallWorld(rows=4, cols=3, num_long_edges=3), 4, (2,)),
    "diagonal": (Diagonal(num_cells=3, num_channels=4, num_classes=3), 4, (0,)),
    "ring": (RingLayers((5, 4, 4), 3, (1, 1), 4, 3), 4, (0, 1)),
    "windows": (Windows(7, 2, 1, num_columns=3, clock=True, num_classes=3), 4, (0,)),
}
CODED = ("windows",)
"""Networks whose classes have code words."""


def leaky_case(name: str) -> dict[str, Any]:
    """One network in float64: wiring, parameters, activity, and the rule at several hops."""
    topology, channels, reach = CASES[name]
    readout = OutputCode(gain=0.7) if name in CODED else PortSum(gain=0.7)
    network = Network(LeakyTanh(tau_min=1e-3, tau_max=5e-3), topology, Wavefront(), readout)
    ports, signs = ports_of(readout.counts(network.wiring))
    wiring = network.wiring
    rng = np.random.default_rng(5)
    params = jax.tree.map(
        lambda leaf: jnp.asarray(leaf, jnp.float64), network.init(jax.random.key(2))
    )
    inputs = jnp.asarray(rng.uniform(0, 3, (STEPS, channels)))
    activity = network.forward(params, inputs)
    target = 1
    directions = {}
    for hops in reach:
        result = HopTrace(hops).gradient(
            network, params, inputs, jnp.asarray(target), loss_mode="sum"
        )
        directions[str(hops)] = {
            "loss": float(result.loss),
            **{group: _list(leaf) for group, leaf in result.direction.items()},
        }
    return {
        "cells": wiring.num_cells,
        "slots": wiring.num_slots,
        "channels": channels,
        "classes": wiring.num_classes,
        "members": int(ports.shape[1]),
        "pred": _list(wiring.pred),
        "channel": _list(wiring.channel),
        "ports": _list(ports),
        "signs": _list(signs),
        "depth": _list(wiring.depth),
        "dt": 1e-3,
        "readout_gain": 0.7,
        "params": {group: _list(leaf) for group, leaf in params.items()},
        "inputs": _list(inputs),
        "target": target,
        "outputs": _list(activity.outputs),
        "states": _list(activity.states),
        "directions": directions,
    }


def _list(values: Any) -> list[Any]:
    return np.asarray(values).ravel().tolist()


def framing_cases() -> list[dict[str, Any]]:
    """Drawings of 28 x 28 pixels, and what they are in MNIST's frame."""
    row, col = np.mgrid[:28, :28]
    digit = digits()[0][1]
    drawings = {
        "nothing": np.zeros((28, 28)),
        "a stroke": 255.0 * ((abs(col - 4) < 1) & (row > 1) & (row < 9)),
        "a blot in a corner": 200 * np.exp(-((row - 3) ** 2 + (col - 24) ** 2) / 9),
        "a slant to the edges": 255 * np.clip(2 - abs(row - 0.7 * col - 3), 0, 1),
        "a digit that fills it": digit,
        "one in its frame": framed(digit, FRAMES["mnist"]),
    }
    return [
        {
            "name": name,
            "drawn": _list(drawn := np.rint(drawing).astype(np.uint8)),
            "framed": _list(framed(drawn, FRAMES["mnist"])),
        }
        for name, drawing in drawings.items()
    ]


FILES = {
    "leaky.json": lambda: {name: leaky_case(name) for name in CASES},
    "framing.json": framing_cases,
}


ROUNDING = 4e-6
"""Of the largest value. Parameters are drawn in float32, whose logarithms and exponentials another
processor or another setting of XLA rounds otherwise by some 2^-23; a network passes that on."""


def differs(new: Any, old: Any) -> bool:
    """Whether two JSON values differ by more than rounding."""
    if isinstance(new, dict):
        return new.keys() != old.keys() or any(differs(new[key], old[key]) for key in new)
    if isinstance(new, list):
        largest = np.max(np.abs(old), initial=0.0)
        return len(new) != len(old) or not np.allclose(new, old, rtol=0, atol=ROUNDING * largest)
    return not np.isclose(new, old, rtol=ROUNDING, atol=0)


def main(is_check: bool) -> int:
    """Write every file, or compare what is there."""
    FOLDER.mkdir(parents=True, exist_ok=True)
    stale = []
    for name, make in FILES.items():
        path = FOLDER / name
        if not is_check:
            path.write_text(json.dumps(make()) + "\n")
        elif differs(make(), json.loads(path.read_text())):
            stale.append(name)
    if stale:
        print(f"stale: {', '.join(stale)}; run python tests/web/fixtures.py")
    return len(stale)


if __name__ == "__main__":
    jax.config.update("jax_enable_x64", True)
    sys.exit(main("--check" in sys.argv[1:]))
