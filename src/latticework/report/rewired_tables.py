"""The rewired networks: the search for their settings, and what each learner needs."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from latticework.core.readout import AbstractCountedReadout
from latticework.recipes import RECIPES, LeakyRecipe
from latticework.report.markdown import markdown

WIRING = ("widths", "fan_in", "strides", "cells", "dilation", "delays", "clock")
MEASURED = ("parameters", "seeds", "accuracy")


def search_table(record: Mapping[str, Any] | None) -> str:
    """Every row that was tried, the best of its line in bold."""
    if record is None:
        return "`benchmarks/rewired_search.py` has not been run."
    rows = []
    for line, tried in record["lines"].items():
        best = max(_mean(row) for row in tried)
        for row in tried:
            accuracy = f"{_mean(row):.4f}"
            rows.append(
                (
                    line,
                    _wiring(row),
                    _settings(row, tried),
                    row["parameters"],
                    f"**{accuracy}**" if _mean(row) == best else accuracy,
                )
            )
    return markdown(("line", "wiring", "set", "parameters", "held-out accuracy"), rows)


def _mean(row: Mapping[str, Any]) -> float:
    return sum(row["accuracy"]) / len(row["accuracy"])


def _wiring(row: Mapping[str, Any]) -> str:
    """Layers, or windows, in a few words."""
    if "widths" in row:
        strides = ", ".join(map(str, row["strides"]))
        widths = row["widths"]
        same = len(set(widths)) == 1
        layers = f"{widths[0]} x {len(widths)}" if same else ", ".join(map(str, widths))
        return f"{layers}; fan-in {row['fan_in']}; strides {strides}"
    delays = f"; delays {', '.join(map(str, row['delays']))}" if row["delays"] != [0] else ""
    clock = "; clock" if row["clock"] else ""
    return f"{row['cells']} cells x {row['fan_in']} columns, {row['dilation']} apart{delays}{clock}"


def _settings(row: Mapping[str, Any], tried: Sequence[Mapping[str, Any]]) -> str:
    """What differs within the line, wiring apart."""
    names = [
        name
        for name in row
        if name not in (*WIRING, *MEASURED) and any(other.get(name) != row[name] for other in tried)
    ]
    return "; ".join(f"{name.replace('_', ' ')} {_text(row[name])}" for name in names) or "-"


def _text(value: Any) -> str:
    if isinstance(value, list):
        return " to ".join(f"{one:g}" for one in value)
    if isinstance(value, Mapping):
        return ", ".join(f"{name} {one:g}" for name, one in value.items())
    return f"{value:g}" if isinstance(value, float | int) else str(value)


NEEDS = (
    "grid-snap1-adam",
    "tree-best-snap1",
    "ring-pairs-snap1",
    "ring-snap1",
    "ring-snap0",
    "windows-clock",
    "windows-clock-one-wire",
)
"""Recipes of local rules whose wires and traces are counted."""


def needs_table() -> str:
    """What each learner needs on a chip: wires of every kind, and numbers that it keeps."""
    rows = []
    for name in NEEDS:
        one = RECIPES[name]
        if not isinstance(one, LeakyRecipe) or not isinstance(one.readout, AbstractCountedReadout):
            raise ValueError(f"{name} is not a network of leaky cells with a counted readout")
        network = one.network()
        wiring = network.wiring
        errors = int(np.count_nonzero(one.readout.counts(wiring)))
        rows.append(
            (
                name,
                wiring.num_cells,
                int((wiring.channel >= 0).sum()),
                len(wiring.edges),
                len(wiring.edges),
                errors,
                f"{one.rule.memory(network, one.task.num_steps):.1f}",
            )
        )
    headers = ("recipe", "cells", "wires from the image", "wires between cells")
    headers += ("message wires back", "error wires", "traces per cell")
    return markdown(headers, rows)
