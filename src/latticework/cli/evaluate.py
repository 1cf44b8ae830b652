"""`latticework evaluate RUN`: accuracy of a run on its test set."""

import dataclasses
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import tyro
from rich.console import Console

from latticework.cli.arguments import DataOptions, Unprefixed, parse
from latticework.cli.notice import print_origin
from latticework.cli.output import accuracy, console, print_json, spread, table
from latticework.recipes import OpenRun, open_run
from latticework.studies.measurement import accuracies, confusions, load_dataset
from latticework.train import Summary, data_difference, data_facts, learned_data

OUTDATED = (
    "result.json is older than the checkpoint, since the run went on and has not ended again; what "
    "it recorded is left out"
)


@dataclasses.dataclass(frozen=True)
class EvaluateOptions:
    """Measure the latest parameters of a run on its whole test set, seed by seed.

    Args:
        run: folder of the run.
        data: where data come from.
        confusion: also print which class is taken for which.
        seed: the seed whose confusions are printed; the run's first when not given.
        json: print one JSON value and nothing else.
    """

    run: tyro.conf.Positional[Path]
    data: Unprefixed = dataclasses.field(default_factory=DataOptions)
    confusion: bool = False
    seed: int | None = None
    json: bool = False


def main(argv: Sequence[str]) -> int:
    """Measure and print."""
    options = parse(EvaluateOptions, argv, "evaluate")
    opened = open_run(options.run)
    seed = opened.seeds[0] if options.seed is None else options.seed
    opened.params_of(seed)
    dataset = load_dataset(opened, options.data.source())
    values = accuracies(opened, dataset)
    facts: dict[str, Any] = {
        "run": options.run,
        "name": opened.recipe.name,
        "dataset": dataset.name,
        "data": data_facts(dataset),
        "learned_data": learned_data(opened.folder),
        "test_examples": len(dataset.test_targets),
        "epochs": opened.epochs,
        "seeds": opened.seeds,
        "per_seed": values,
        "summary": dataclasses.asdict(Summary.of(values)),
        "score": opened.recipe.learner().score_name,
        "recorded": None if opened.result is None else opened.result.get("per_seed"),
        "recorded_note": OUTDATED if opened.is_outdated else "",
        "recorded_on": opened.recipe.tested_text(dataset),
        "published": opened.recipe.published.test_accuracy,
    }
    difference = data_difference(opened.folder, dataset)
    if difference:
        facts["published"] = None
    counts = confusions(opened, dataset, seed) if options.confusion else None
    if options.json:
        extra = {} if counts is None else {"confusion": {"seed": seed, "counts": counts}}
        print_json({**facts, "data_difference": difference, **extra})
    else:
        print_origin(console(), dataset)
        _print(console(), opened, facts)
        if counts is not None:
            _print_confusions(console(), counts, seed)
        if difference:
            text = f"NOTE: these are not the data that the run learned: {difference}"
            console().print(text, style="bold yellow", soft_wrap=True)
    return 0


def _print(screen: Console, opened: OpenRun, facts: dict[str, Any]) -> None:
    epochs = facts["epochs"]
    screen.print(
        f"{facts['name']} after {epochs} epoch{'' if epochs == 1 else 's'}, on all "
        f"{facts['test_examples']:,} test examples of {facts['dataset']}",
        style="bold",
        soft_wrap=True,
    )
    recorded = facts["recorded"] or [None] * len(opened.seeds)
    rows = [
        (seed, accuracy(float(value)), accuracy(before))
        for seed, value, before in zip(opened.seeds, facts["per_seed"], recorded, strict=False)
    ]
    headers = ("seed", facts["score"], f"recorded in the run, on {facts['recorded_on']}")
    screen.print(table(headers, rows, numbers=1))
    if facts["recorded_note"]:
        screen.print(f"note: {facts['recorded_note']}", soft_wrap=True)
    summary = facts["summary"]
    if len(opened.seeds) > 1:
        screen.print(
            f"mean {spread(summary)}   min {accuracy(summary['min'])}   "
            f"max {accuracy(summary['max'])}",
            style="bold",
        )
    if facts["published"] is None:
        screen.print("published: - (for these data and this recipe)")
    else:
        screen.print(f"published: {facts['published']:.3f}")


def _print_confusions(screen: Console, counts: np.ndarray, seed: int) -> None:
    screen.print()
    screen.print(f"confusions of seed {seed}: rows are the true classes, columns the predicted")
    headers = ("", *range(len(counts)), "right")
    rows = [
        (label, *row, f"{row[label] / row.sum():.0%}" if row.sum() else "-")
        for label, row in enumerate(counts)
    ]
    screen.print(table([str(header) for header in headers], rows, numbers=1))
