"""The search for the settings of the rewired networks, on the last 5,000 training images.

    python benchmarks/rewired_search.py [--jobs N] [LINE ...]    # all lines, or some: exact one-hop

Learns from the first 55,000 images of the MNIST training file and measures on the last 5,000 of it;
the test file is not opened for scores. Rows that `results/benchmarks/rewired-search.json` has are
not run again. A recipe has the best row of its line, or one that is no worse than a seed's luck.
"""

import argparse
import dataclasses
import functools
import json
import multiprocessing
import os
from concurrent.futures import ProcessPoolExecutor, as_completed
from pathlib import Path
from typing import Any

from latticework.cells import LeakyTanh
from latticework.core.rule import AbstractRule
from latticework.core.task import Dataset
from latticework.readouts import OutputCode, PortSum
from latticework.recipes.leaky_recipe import LeakyRecipe
from latticework.report.rewired_tables import MEASURED
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
SEED = 100

FIVE = {"widths": (28,) * 5, "fan_in": 6, "strides": (1, 2, 3, 1, 2)}
SEVEN = {"widths": (28, 20, 20, 20, 20, 20, 10), "fan_in": 6, "strides": (1, 2, 3)}
SIX = {"widths": (20, 14, 14, 14, 20, 10), "fan_in": 10, "strides": (2, 1, 1, 1, 1, 1)}
FOUR = {"widths": (30, 26, 26, 10), "fan_in": 10, "strides": (2, 3, 1, 1)}
THREE = {"widths": (40, 32, 20), "fan_in": 10, "strides": (1, 3, 1)}
PAIR = {"widths": (60, 32), "fan_in": 10, "strides": (1, 3)}
GRID = {"widths": (28,) * 10, "fan_in": 2, "strides": (1, 2, 4, 8, 14)}
HALF_SIX = {"widths": (20, 14, 14, 12, 10), "fan_in": 6, "strides": (1, 2, 3, 1, 1)}
HALF_TEN = {"widths": (14, 11, 11, 10), "fan_in": 10, "strides": (2, 1, 1, 1)}
QUARTER_SIX = {"widths": (14, 11, 10), "fan_in": 6, "strides": (2, 1, 1)}
QUARTER_TEN = {"widths": (13, 10), "fan_in": 10, "strides": (2, 1)}
ADAM = {
    "gain": 2.0,
    "tau": (0.2, 2.0),
    "draw": "signs",
    "weight_gain": 1.2,
    "learning_rate": 1.2e-2,
    "batch": 64,
    "epochs": 30,
}
LOCAL = ADAM | {"tau": (0.15, 0.5), "hops": 1}
SELF = LOCAL | {"hops": 0}
ONE_BY_ONE = LOCAL | {"learning_rate": 1e-2, "batch": 1, "epochs": 3, "scales": SGD}
EVEN = {"weight": 1.0, "bias": 0.05, "log_tau": 1.0}
ALONE = ADAM | {
    "cells": 140,
    "fan_in": 5,
    "dilation": 3,
    "delays": (0,),
    "clock": True,
    "code": 0.2,
    "gain": 2.0,
    "tau": (0.3, 3.0),
    "draw": "normal",
    "weight_gain": 1.0,
    "learning_rate": 1.5e-2,
    "batch": 32,
    "hops": 0,
}
DELAYED = ALONE | {"cells": 80, "fan_in": 4, "delays": (0, 3, 6), "clock": False}
PLAIN = ALONE | {"cells": 70, "fan_in": 14, "dilation": 1, "clock": False}
ALONE_SGD = ALONE | {
    "cells": 48,
    "delays": (0, 3, 6, 9),
    "learning_rate": 1e-2,
    "batch": 1,
    "epochs": 3,
    "scales": SGD,
}
DELAYED_SGD = ALONE_SGD | {"cells": 80, "fan_in": 4, "delays": (0, 3, 6), "clock": False}


def varied(base: dict[str, Any], *changes: dict[str, Any]) -> list[dict[str, Any]]:
    """The base and what it is with each change."""
    return [base, *(base | change for change in changes)]


LINES: dict[str, list[dict[str, Any]]] = {
    "exact": [
        *(ring | ADAM for ring in (FIVE, SEVEN, SIX, FOUR, THREE)),
        SEVEN | ADAM | {"learning_rate": 2e-2},
        *(SIX | ADAM | {"learning_rate": rate} for rate in (2e-2, 8e-3)),
    ],
    "one-hop": [
        *(ring | LOCAL for ring in (FIVE, SEVEN, SIX, FOUR, THREE)),
        SIX | LOCAL | {"tau": (0.2, 2.0)},
        *(SEVEN | LOCAL | {"learning_rate": rate} for rate in (2e-2, 8e-3)),
    ],
    "hop-0": [*(ring | SELF for ring in (FIVE, SEVEN, SIX, THREE))],
    "sgd": [
        *(ring | ONE_BY_ONE for ring in (FIVE, SEVEN, SIX, FOUR, THREE, PAIR)),
        *(ring | ONE_BY_ONE | {"learning_rate": 5e-3} for ring in (FIVE, SEVEN, SIX, FOUR)),
        *(ring | ONE_BY_ONE | {"learning_rate": 2e-2} for ring in (FIVE, FOUR)),
        FOUR | ONE_BY_ONE | {"learning_rate": 3e-3},
        *(
            FOUR | ONE_BY_ONE | {"learning_rate": 5e-3} | change
            for change in (
                {"scales": EVEN},
                {"weight_gain": 1.0},
                {"gain": 1.0},
                {"tau": (0.2, 2.0)},
            )
        ),
    ],
    "two-inputs": varied(GRID | ADAM, {"learning_rate": 2e-2}, {"learning_rate": 8e-3}),
    "two-inputs-one-hop": varied(GRID | LOCAL, {"learning_rate": 2e-2}, {"learning_rate": 8e-3}),
    "alone": varied(
        ALONE,
        {"gain": 1.0},
        {"dilation": 2},
        {"learning_rate": 2.5e-2},
        {"code": 0.4},
        {"cells": 112, "fan_in": 7},
    ),
    "alone-one-wire": varied(
        {name: value for name, value in ALONE.items() if name != "code"},
        {"learning_rate": 2.5e-2},
        {"gain": 1.0},
    ),
    "alone-delays": varied(
        DELAYED,
        {"fan_in": 3, "delays": (0, 3, 6, 9)},
        {"learning_rate": 2.5e-2},
        {"gain": 1.0},
    ),
    "alone-plain": varied(
        PLAIN,
        {"cells": 224, "fan_in": 3, "dilation": 3},
        {"cells": 37, "fan_in": 28},
        {"learning_rate": 2.5e-2},
        {"tau": (0.5, 10.0)},
    ),
    "alone-sgd": varied(
        ALONE_SGD,
        {"learning_rate": 2e-2},
        {"learning_rate": 5e-3},
        {"gain": 1.0},
        {"cells": 140, "delays": (0,)},
        {"cells": 140, "delays": (0,), "learning_rate": 2e-2},
    ),
    "alone-delays-sgd": varied(
        DELAYED_SGD,
        {"learning_rate": 2e-2},
        {"learning_rate": 5e-3},
        {"cells": 50, "fan_in": 5, "delays": (0, 3, 6, 9)},
    ),
    "exact-560": [*(ring | ADAM for ring in (HALF_SIX, HALF_TEN))],
    "one-hop-560": [*(ring | LOCAL for ring in (HALF_SIX, HALF_TEN))],
    "alone-560": varied(ALONE | {"cells": 70}, {"learning_rate": 2.5e-2}),
    "exact-280": [*(ring | ADAM for ring in (QUARTER_SIX, QUARTER_TEN))],
    "one-hop-280": [*(ring | LOCAL for ring in (QUARTER_SIX, QUARTER_TEN))],
    "alone-280": varied(ALONE | {"cells": 35}, {"learning_rate": 2.5e-2}),
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
            group_scales=tuple(settings["scales"].items()) if plain else (),
        ),
        training=TrainingConfig(
            epochs=settings["epochs"], batch_size=settings["batch"], eval_every=settings["epochs"]
        ),
    )
    made.check()
    return made


@functools.cache
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


def measure(settings: dict[str, Any], seeds: tuple[int, ...]) -> dict[str, Any]:
    """A row: what was tried and what came of it."""
    one = recipe(settings)
    result = train(one.learner(), held_out(), one.task.encode, one.training, one.optimiser, seeds)
    return {
        **settings,
        "parameters": one.num_parameters,
        "seeds": list(seeds),
        "accuracy": [round(float(value), 4) for value in result.test_accuracy],
    }


def main() -> None:
    """Run what is missing, saving after every row."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("lines", nargs="*", default=list(LINES))
    parser.add_argument("--jobs", type=int, default=1)
    given = parser.parse_args()
    stored = json.loads(FILE.read_text()) if FILE.exists() else {"method": METHOD, "lines": {}}
    stored["method"] = METHOD
    tried = {line: [settings_of(row) for row in rows] for line, rows in stored["lines"].items()}
    left = [
        (line, settings)
        for line in given.lines
        for settings in LINES[line]
        if plain(settings) not in tried.get(line, [])
    ]
    if given.jobs > 1:
        os.environ.setdefault(
            "LATTICEWORK_THREADS", str(max(1, (os.cpu_count() or 1) // given.jobs))
        )
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(given.jobs, context) as pool:
        line_of = {pool.submit(measure, settings, (SEED,)): line for line, settings in left}
        for done in as_completed(line_of):
            line = line_of[done]
            rows = [*stored["lines"].get(line, []), plain(done.result())]
            order = [plain(settings) for settings in LINES[line]]
            stored["lines"][line] = sorted(rows, key=lambda row: order.index(settings_of(row)))
            print(line, done.result(), flush=True)
            FILE.write_text(json.dumps(stored, indent=1) + "\n")


def plain(settings: dict[str, Any]) -> dict[str, Any]:
    """As JSON gives them back."""
    return json.loads(json.dumps(settings))


def settings_of(row: dict[str, Any]) -> dict[str, Any]:
    """What was tried, without what came of it."""
    return {name: row[name] for name in row if name not in MEASURED}


if __name__ == "__main__":
    main()
