"""`latticework train NAME`: train a recipe."""

import dataclasses
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import jax
import tyro
from rich.console import Console

from latticework.cli.arguments import (
    DataOptions,
    RecipeOptions,
    Unprefixed,
    choose_axes,
    names_dataset,
    parse,
    take_name,
    take_recipe,
)
from latticework.cli.elapsed import seconds_running
from latticework.cli.going_on import train_again
from latticework.cli.notice import print_notice, print_origin
from latticework.cli.output import accuracy, console, print_json, spread
from latticework.core.interrupts import check, go_on_with, reporting
from latticework.core.seeds import seeds_from
from latticework.core.side_work import side_work
from latticework.core.words import plural
from latticework.recipes import AbstractRecipe, Prepared, prepare, read_recipe, run
from latticework.report import save_result
from latticework.studies.portrait import draw_run
from latticework.tasks import ImageFolder
from latticework.train import (
    ForgivingProgress,
    Launch,
    Outcome,
    RunFolder,
    TrainResult,
    choose_progress,
    run_folder,
)

STATUS = {Outcome.NON_FINITE: 1, Outcome.INTERRUPTED: 130}
"""Exit status by outcome; 0 for all others."""
BOUND = {"--seeds": "seeds", "-n": "seeds", "--seed": "seeds", "--run-dir": "folder"}
"""Options that a run which goes on has settled, and what they settle."""


@dataclasses.dataclass(frozen=True)
class TrainOptions:
    """Train a recipe and keep the record of the run.

    Every field of the recipe can be overridden. Whole parts are chosen by name: --rule bptt,
    --topology tree, --task pixel_image, --cell leaky_tanh, --rule.signal broadcast.

    Args:
        recipe: what to run.
        data: where data come from.
        seeds: number of seeds, trained side by side.
        seed: the first seed.
        run_dir: where to keep the run; runs/NAME-DATE-TIME when not given.
        resume: go on with the run in this folder, whose recipe and seeds are then used.
        pictures: draw pictures into the run folder.
        save: a checkout into whose results/ the raw result goes, also that of a run cut short.
        quiet: print the result alone: no heading, no progress.
        json: print the result as one JSON value and nothing else.
        launch: which devices share every batch.
    """

    recipe: RecipeOptions
    data: Unprefixed = dataclasses.field(default_factory=DataOptions)
    seeds: Annotated[int, tyro.conf.arg(aliases=["-n"])] = 1
    seed: int = 0
    run_dir: Path | None = None
    resume: Path | None = None
    pictures: bool = True
    save: Path | None = None
    quiet: bool = False
    json: bool = False
    launch: Annotated[Launch, tyro.conf.arg(name="")] = dataclasses.field(default_factory=Launch)


def main(argv: Sequence[str]) -> int:
    """Train, print published beside ours, draw the pictures."""
    screen = console()
    with _launch(argv).joined():
        options, seeds = _parse(argv)
        prepared = prepare(
            options.recipe,
            options.data.source(),
            # What is gone on with, or kept for others, must not come from other data than it says.
            strict=names_dataset(argv) or bool(options.resume or options.save),
        )
        leads = jax.process_index() == 0
        named = options.resume or options.run_dir
        with run_folder(named, options.recipe.name, writes=leads) as folder:
            if leads and not (options.json or options.quiet):
                print_heading(screen, prepared, seeds, folder)
            begun = RunFolder(folder).recipe
            go_on_with(lambda: train_again(argv, folder) if begun.exists() else None)
            shown = choose_progress(screen, silent=options.json or options.quiet)
            with reporting(lambda: options.recipe.name):
                result = run(
                    prepared,
                    seeds,
                    run_dir=folder,
                    resume=options.resume is not None,
                    progress=ForgivingProgress(shown),
                    devices=options.launch.devices,
                    new_kernel=any(word.partition("=")[0] == "--kernel" for word in argv),
                )
    if leads:
        _show(screen, options, prepared, result, folder)
    return STATUS.get(result.outcome, 0)


def _show(
    screen: Console, options: TrainOptions, prepared: Prepared, result: TrainResult, folder: Path
) -> None:
    """What came out in words or as JSON, kept for others if asked; pictures come last."""
    try:
        if options.json:
            print_json({"run": str(folder), "notice": prepared.dataset.notice, **result.record()})
        else:
            print_result(screen, prepared, result)
    finally:
        if options.save is not None and result.metrics:
            save_result(options.save, prepared.recipe, result)
    drawn: list[Path] = []
    if _worth_drawing(options, result):
        check()
        with side_work(f"no pictures of {folder}"):
            drawn = draw_run(folder, prepared.dataset)
    if not (options.json or options.quiet):
        print_closing(screen, prepared, folder, drawn)


def _launch(argv: Sequence[str]) -> Launch:
    """The devices asked for, read before the rest: making a recipe may start JAX."""
    flags = {f"--{field.name.replace('_', '-')}" for field in dataclasses.fields(Launch)}
    own: list[str] = []
    words = iter(argv)
    for word in words:
        flag, given, _ = word.replace("_", "-").partition("=")
        if flag in flags:
            own += [word] if given else [word, next(words, "")]
    return parse(Launch, own, "train")


def _parse(argv: Sequence[str]) -> tuple[TrainOptions, tuple[int, ...]]:
    """The options and the seeds; a resumed run brings its own recipe and seeds."""
    resumed = _resumed_folder(argv)
    if resumed is None:
        recipe, rest = take_recipe(argv, "train", TrainOptions)
    else:
        recipe, seeds = read_recipe(resumed)
        name, rest = take_name(argv)
        _check_beside_resume(name, rest, resumed, recipe.name)
        recipe, rest = choose_axes(recipe, rest)
    options = parse(TrainOptions, rest, f"train {recipe.name}", recipe=recipe)
    if resumed is not None:
        return _folder_given_anew(options, recipe), seeds
    return options, seeds_from(options.seed, options.seeds)


def _check_beside_resume(name: str | None, argv: Sequence[str], folder: Path, own: str) -> None:
    """Refuse what a run that goes on has already and what would be passed over."""
    if name not in (None, own):
        raise ValueError(f"{folder} holds a run of {own}, not of {name}; leave the name out")
    for word in argv:
        flag = word.partition("=")[0].replace("_", "-")
        if flag in BOUND:
            raise ValueError(
                f"{flag} does not go with --resume: the run in {folder} goes on with its own "
                f"{BOUND[flag]}; leave it out, or start a new run"
            )


def _folder_given_anew(options: TrainOptions, begun: AbstractRecipe) -> TrainOptions:
    """A folder of photographs that is named on resuming is where it lies now.

    The recipe keeps the name that it had, which decides how the photographs are split.
    """
    task, before = options.recipe.task, begun.task
    if not isinstance(task, ImageFolder) or not isinstance(before, ImageFolder):
        return options
    if task.folder == before.folder or options.data.data_dir is not None:
        return options
    kept = dataclasses.replace(task, folder=before.folder)
    return dataclasses.replace(
        options,
        recipe=dataclasses.replace(options.recipe, task=kept),
        data=dataclasses.replace(options.data, data_dir=Path(task.folder)),
    )


def _resumed_folder(argv: Sequence[str]) -> Path | None:
    for at, word in enumerate(argv):
        if word == "--resume" and at + 1 < len(argv):
            return Path(argv[at + 1])
        if word.startswith("--resume="):
            return Path(word.partition("=")[2])
    return None


def _worth_drawing(options: TrainOptions, result: TrainResult) -> bool:
    return options.pictures and result.outcome is Outcome.FINISHED


def print_heading(screen: Console, prepared: Prepared, seeds: Sequence[int], folder: Path) -> None:
    """What is about to run."""
    recipe, dataset = prepared.recipe, prepared.dataset
    print_notice(screen, dataset)
    screen.print(f"{recipe.name}: {recipe.summary}", style="bold", soft_wrap=True)
    screen.print(
        f"{recipe.num_cells:,} cells, {recipe.num_parameters:,} parameters; "
        f"{recipe.plan_text(dataset)}; {plural(len(seeds), 'seed')}; "
        f"kernel {recipe.learner().kernel}",
        soft_wrap=True,
    )
    print_origin(screen, dataset)
    screen.print(f"run folder {folder}", soft_wrap=True)


def print_result(screen: Console, prepared: Prepared, result: TrainResult) -> None:
    """What came out, beside what was published."""
    recipe, dataset = prepared.recipe, prepared.dataset
    if result.summary is not None:
        screen.print(
            f"test {recipe.learner().score_name} on {recipe.tested_text(dataset)}: "
            + spread(result.summary)
            + _range(result)
            + f"   published: {recipe.published.text}"
            + (f"   {_checked(recipe)}" if recipe.published.checked else ""),
            style="bold",
            soft_wrap=True,
        )
    if recipe.published.note:
        screen.print(f"note on what was published: {recipe.published.note}", soft_wrap=True)
    screen.print(
        f"{result.images_per_second:,.0f} examples/s; "
        f"{result.train_seconds:.1f} s of training steps, "
        f"{result.seconds:.1f} s with compiling and measuring; "
        f"{seconds_running():.1f} s since this program was started",
        soft_wrap=True,
    )


def print_closing(screen: Console, prepared: Prepared, folder: Path, drawn: Sequence[Path]) -> None:
    """What was drawn, and once more what the data were if not those that were asked for."""
    if drawn:
        screen.print(
            f"pictures in {folder}: {', '.join(path.name for path in drawn)}", soft_wrap=True
        )
    print_notice(screen, prepared.dataset)


def _range(result: TrainResult) -> str:
    summary = result.summary
    if summary is None or summary.sd is None:
        return ""
    return f" (min {accuracy(summary.min)}, max {accuracy(summary.max)}, {len(result.seeds)} seeds)"


def _checked(recipe: AbstractRecipe) -> str:
    mean, sd = recipe.published.checked or (0.0, 0.0)
    return f"re-simulated over seeds: {mean:.3f} ± {sd:.3f}"
