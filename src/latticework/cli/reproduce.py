"""`latticework reproduce [NAME...]`: run recipes, print published beside ours."""

import dataclasses
import functools
from collections.abc import Callable, Sequence
from pathlib import Path

from rich.console import Console

from latticework.cli.arguments import DataOptions, Unprefixed, parse, take_name
from latticework.cli.going_on import train_again
from latticework.cli.main import INTERRUPTED
from latticework.cli.notice import print_origin
from latticework.cli.output import command, console, print_json, spread, table
from latticework.core.interrupts import check, go_on_with, reporting
from latticework.core.seeds import seeds_from
from latticework.recipes import LENGTHY, RECIPES, AbstractRecipe, prepare, recipe, run
from latticework.report import save_result
from latticework.train import (
    ForgivingProgress,
    Outcome,
    RunFolder,
    TrainResult,
    choose_progress,
    run_folder,
)

FAILED = 1
Done = tuple[AbstractRecipe, TrainResult]


@dataclasses.dataclass(frozen=True)
class ReproduceOptions:
    """Run recipes as they stand, over several seeds; without a name, all but those that take hours.

    Each is kept in a run folder of its own below runs/.

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
        for at, one in enumerate(recipes):
            left = [recipe.name for recipe in recipes[at + 1 :]]
            again = functools.partial(_again, rest, left=left)
            result = _run(one, seeds, options, screen, again)
            if result.outcome is Outcome.INTERRUPTED:
                return INTERRUPTED
            done.append((one, result))
            _save(options, one, result)
            check()
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
    one: AbstractRecipe,
    seeds: Sequence[int],
    options: ReproduceOptions,
    screen: Console,
    again: Callable[[Path], str],
) -> TrainResult:
    if not options.json:
        screen.print(f"{one.name}: {one.summary}", style="bold")
    prepared = prepare(one, options.data.source(), strict=True)
    if not options.json:
        print_origin(screen, prepared.dataset)
    with run_folder(None, one.name) as folder, reporting(lambda: one.name):
        begun = RunFolder(folder).recipe
        go_on_with(lambda: again(folder) if begun.exists() else None)
        progress = ForgivingProgress(choose_progress(screen, silent=options.json))
        return run(prepared, seeds, run_dir=folder, progress=progress)


def _again(options: Sequence[str], folder: Path, left: Sequence[str]) -> str:
    """What goes on with the recipe that was cut off in `folder`, and then with those left."""
    this = train_again([*options, "--no-pictures"], folder)
    return f"{this} && {command('latticework', 'reproduce', *left, *options)}" if left else this


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
