"""The search for the settings of the rewired networks, on the last 5,000 training images.

    python benchmarks/rewired_search.py [LINE ...]      # all lines, or some of: exact one-hop ...

Learns from the first 55,000 images of the MNIST training file and measures on the last 5,000 of it;
the test file is not opened for scores. Rows that `results/benchmarks/rewired-search.json` has are
not run again.
"""

import dataclasses
import itertools
import json
import sys
from pathlib import Path
from typing import Any

from latticework.cells import LeakyTanh
from latticework.core.rule import AbstractRule
from latticework.core.task import Dataset
from latticework.readouts import OutputCode, PortSum
from latticework.recipes.leaky_recipe import LeakyRecipe
from latticework.rules import Bptt, HopTrace
from latticework.tasks import DataSource, RowImage
from latticework.topologies import RingLayers, Windows
from latticework.train import OptimiserConfig, TrainingConfig, train

FILE = Path(__file__).parents[1] / "results" / "benchmarks" / "rewired-search.json"
HELD_OUT = 5000
METHOD = (
    "The first 55,000 MNIST training images are learned from, the last 5,000 measured on; one "
    "number for each seed. Tau in steps; a row without hops learns by the exact gradient."
)
SGD = {"weight": 1.0, "bias": 0.05, "log_tau": 4.0}

FIVE = {"widths": (28,) * 5, "fan_in": 6, "strides": (1, 2, 3, 1, 2)}
SEVEN = {"widths": (28, 20, 20, 20, 20, 20, 10), "fan_in": 6, "strides": (1, 2, 3)}
SIX = {"widths": (20, 14, 14, 14, 20, 10), "fan_in": 10, "strides": (2, 1, 1, 1, 1, 1)}
FOUR = {"widths": (30, 26, 26, 10), "fan_in": 10, "strides": (2, 3, 1, 1)}
THREE = {"widths": (40, 32, 20), "fan_in": 10, "strides": (1, 3, 1)}
PAIR = {"widths": (60, 32), "fan_in": 10, "strides": (1, 3)}
GRID = {"widths": (28,) * 10, "fan_in": 2, "strides": (1, 2, 4, 8, 14)}
ADAM = {
    "gain": 2.0,
    "tau": (0.2, 2.0),
    "draw": "signs",
    "weight_gain": 1.2,
    "learning_rate": 1.2e-2,
    "batch": 64,
    "epochs": 30,
}
LOCAL = ADAM | {"tau": (0.15, 0.5)}
ONE_BY_ONE = LOCAL | {"learning_rate": 1e-2, "batch": 1, "epochs": 3}
ALONE = ADAM | {
    "cells": 140,
    "fan_in": 5,
    "dilation": 3,
    "delays": (0,),
    "clock": True,
    "code": 0.2,
    "gain": 1.0,
    "tau": (0.3, 3.0),
    "draw": "normal",
    "weight_gain": 1.0,
    "learning_rate": 1.5e-2,
    "batch": 32,
    "hops": 0,
}
ALONE_SGD = ALONE | {
    "cells": 48,
    "delays": (0, 3, 6, 9),
    "learning_rate": 1e-2,
    "batch": 1,
    "epochs": 3,
}

LINES: dict[str, list[dict[str, Any]]] = {
    "exact": [
        FIVE | ADAM,
        SEVEN | ADAM,
        SIX | ADAM,
        FOUR | ADAM,
        THREE | ADAM,
        SEVEN | ADAM | {"learning_rate": 2e-2},
        SIX | ADAM | {"learning_rate": 2e-2},
    ],
    "one-hop": [
        FIVE | LOCAL | {"hops": 1},
        SEVEN | LOCAL | {"hops": 1},
        SIX | LOCAL | {"hops": 1},
        FOUR | LOCAL | {"hops": 1},
        THREE | LOCAL | {"hops": 1},
        SIX | ADAM | {"hops": 1},
    ],
    "hop-0": [
        FIVE | LOCAL | {"hops": 0},
        SIX | LOCAL | {"hops": 0},
        THREE | LOCAL | {"hops": 0},
    ],
    "sgd": [
        FIVE | ONE_BY_ONE | {"hops": 1},
        FOUR | ONE_BY_ONE | {"hops": 1},
        THREE | ONE_BY_ONE | {"hops": 1},
        PAIR | ONE_BY_ONE | {"hops": 1},
        FIVE | ONE_BY_ONE | {"hops": 1, "learning_rate": 2e-2},
        FOUR | ONE_BY_ONE | {"hops": 1, "learning_rate": 2e-2},
        FOUR | ONE_BY_ONE | {"hops": 1, "learning_rate": 5e-3},
    ],
    "two-inputs": [
        GRID | ADAM,
        GRID | ADAM | {"learning_rate": 2e-2},
    ],
    "two-inputs-one-hop": [
        GRID | LOCAL | {"hops": 1},
        GRID | LOCAL | {"hops": 1, "learning_rate": 2e-2},
    ],
    "alone": [
        ALONE,
        ALONE | {"dilation": 2},
        ALONE | {"learning_rate": 2.5e-2},
        ALONE | {"code": 0.4},
        ALONE | {"gain": 2.0},
        ALONE | {"cells": 80, "fan_in": 4, "delays": (0, 3, 6), "clock": False},
        ALONE | {"cells": 74, "fan_in": 4, "delays": (0, 3, 6)},
        ALONE | {"cells": 160, "clock": False},
    ],
    "alone-sgd": [
        ALONE_SGD,
        ALONE_SGD | {"learning_rate": 2e-2},
        ALONE_SGD | {"learning_rate": 5e-3},
        ALONE_SGD | {"gain": 2.0},
        ALONE_SGD | {"code": 0.4},
        ALONE_SGD | {"cells": 140, "delays": (0,)},
        ALONE_SGD | {"cells": 74, "fan_in": 4, "delays": (0, 3, 6)},
        ALONE_SGD | {"cells": 80, "fan_in": 4, "delays": (0, 3, 6), "clock": False},
    ],
}


def recipe(settings: dict[str, Any]) -> LeakyRecipe:
    """The experiment that a row describes."""
    clock, delays = settings.get("clock", False), settings.get("delays", (0,))
    if "widths" in settings:
        topology = RingLayers(settings["widths"], settings["fan_in"], settings["strides"])
    else:
        topology = Windows(
            settings["cells"],
            settings["fan_in"],
            settings["dilation"],
            num_copies=len(delays),
            clock=clock,
        )
    hops = settings.get("hops")
    rule: AbstractRule = Bptt() if hops is None else HopTrace(hops=hops)
    shortest, longest = settings["tau"]
    plain = settings["batch"] == 1
    made = LeakyRecipe(
        name="search",
        summary="",
        source="latticework",
        task=RowImage(gain=settings["gain"], delays=delays, clock=clock),
        topology=topology,
        cell=LeakyTanh(
            tau_min=1e-3 * shortest,
            tau_max=1e-3 * longest,
            weight_gain=settings["weight_gain"],
            weight_draw=settings["draw"],
        ),
        readout=OutputCode(settings["code"]) if "code" in settings else PortSum(),
        rule=rule,
        optimiser=OptimiserConfig(
            name="sgd" if plain else "adam",
            learning_rate=settings["learning_rate"],
            schedule="constant" if plain else "cosine",
            group_scales=tuple(settings.get("scales", SGD).items()) if plain else (),
        ),
        training=TrainingConfig(
            epochs=settings["epochs"], batch_size=settings["batch"], eval_every=settings["epochs"]
        ),
    )
    made.check()
    return made


def held_out() -> Dataset:
    """MNIST with the last training images in the place of the test images."""
    whole = RowImage(fallback=False).load(DataSource())
    first = len(whole.train_targets) - HELD_OUT
    return dataclasses.replace(
        whole,
        train_inputs=whole.train_inputs[:first],
        train_targets=whole.train_targets[:first],
        test_inputs=whole.train_inputs[first:],
        test_targets=whole.train_targets[first:],
        digest="",
    )


def measure(settings: dict[str, Any], data: Dataset, seeds: tuple[int, ...]) -> dict[str, Any]:
    """A row: what was tried and what came of it."""
    one = recipe(settings)
    result = train(one.learner(), data, one.task.encode, one.training, one.optimiser, seeds)
    return {
        **settings,
        "parameters": one.num_parameters,
        "seeds": list(seeds),
        "accuracy": [round(float(value), 4) for value in result.test_accuracy],
    }


def main(chosen: list[str]) -> None:
    """Run what is missing, saving after every row."""
    stored = json.loads(FILE.read_text()) if FILE.exists() else {"method": METHOD, "lines": {}}
    data = held_out()
    for line, number in itertools.product(chosen or LINES, range(max(map(len, LINES.values())))):
        if number >= len(LINES[line]):
            continue
        rows = stored["lines"].setdefault(line, [])
        settings = json.loads(json.dumps(LINES[line][number]))
        if any(settings.items() <= row.items() and len(row) - len(settings) == 3 for row in rows):
            continue
        rows.append(measure(LINES[line][number], data, (100,)))
        print(line, rows[-1], flush=True)
        FILE.write_text(json.dumps(stored, indent=1) + "\n")


if __name__ == "__main__":
    main(sys.argv[1:])
