"""`latticework reproduce [NAME...]`: run recipes, print published beside ours."""

import dataclasses
from collections.abc import Sequence
from pathlib import Path

from rich.console import Console

from latticework.cli.arguments import DataOptions, Unprefixed, parse, take_name
from latticework.cli.notice import print_origin
from latticework.cli.output import console, print_json, spread, table
from latticework.core.seeds import seeds_from
from latticework.recipes import LENGTHY, RECIPES, AbstractRecipe, prepare, recipe, run
from latticework.report import save_result
from latticework.train import ForgivingProgress, Outcome, TrainResult, choose_progress

FAILED = 1
Done = tuple[AbstractRecipe, TrainResult]


@dataclasses.dataclass(frozen=True)
class ReproduceOptions:
    """Run recipes as they stand, over several seeds; without a name, all but those that take hours.

    Args:
        data: where data come from.
        seeds: number of seeds, trained side by side.
        save: a checkout into whose results/ the raw results go.
        json: print the results as one JSON value and nothing else.
    """

    data: Unprefixed = dataclasses.field(default_factory=DataOptions)
    seeds: int = 6
    save: Path | None = None
    json: bool = False


def main(argv: Sequence[str]) -> int:
    """Run the named recipes, or all but those that take hours."""
    names, rest = _take_names(argv)
    options = parse(ReproduceOptions, rest, "reproduce [NAME...]")
    seeds = seeds_from(0, options.seeds)
    screen = console()
    recipes = [recipe(name) for name in names] or _all(screen, quiet=options.json)
    done: list[Done] = []
    try:
        for one in recipes:
            done.append((one, _run(one, seeds, options, screen)))
            _save(options, *done[-1])
    finally:
        # What one recipe cannot do must not hide what the others did.
        if done:
            _show(done, options, screen)
    return FAILED if any(r.outcome is not Outcome.FINISHED for _, r in done) else 0


def _show(done: Sequence[Done], options: ReproduceOptions, screen: Console) -> None:
    if options.json:
        print_json(
            [
                {"name": one.name, **result.record(published=one.published.test_accuracy)}
                for one, result in done
            ]
        )
    else:
        screen.print(_table(done))


def _take_names(argv: Sequence[str]) -> tuple[list[str], list[str]]:
    names, rest = [], list(argv)
    while True:
        name, rest = take_name(rest)
        if name is None:
            return names, rest
        names.append(name)


def _all(screen: Console, *, quiet: bool) -> list[AbstractRecipe]:
    if not quiet:
        screen.print(
            f"left out, since they take hours: {', '.join(LENGTHY)}; name them to run them"
        )
    return [one for name, one in RECIPES.items() if name not in LENGTHY]


def _run(
    one: AbstractRecipe, seeds: Sequence[int], options: ReproduceOptions, screen: Console
) -> TrainResult:
    if not options.json:
        screen.print(f"{one.name}: {one.summary}", style="bold")
    prepared = prepare(one, options.data.source(), strict=True)
    if not options.json:
        print_origin(screen, prepared.dataset)
    return run(
        prepared, seeds, progress=ForgivingProgress(choose_progress(screen, silent=options.json))
    )


def _save(options: ReproduceOptions, one: AbstractRecipe, result: TrainResult) -> None:
    if options.save is not None and result.outcome is Outcome.FINISHED:
        save_result(options.save, one, result)


def _table(done: Sequence[Done]):
    rows = []
    for one, result in done:
        summary = result.summary
        checked = one.published.checked
        rows.append(
            (
                one.name,
                one.published.text,
                "-" if checked is None else f"{checked[0]:.3f} ± {checked[1]:.3f}",
                spread(summary),
                "-" if summary is None else f"{summary.min:.3f} .. {summary.max:.3f}",
                len(result.seeds),
                f"{result.seconds:.0f} s",
            )
        )
    headers = ("recipe", "published", "re-simulated", "ours", "range", "seeds", "time")
    return table(headers, rows, numbers=1)
