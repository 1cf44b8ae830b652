"""The tables, as Markdown."""

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from pathlib import Path

from latticework.core.learner import ACCURACY
from latticework.core.words import plural
from latticework.recipes import FAMILIES, RECIPES, AbstractRecipe, is_unchanged
from latticework.recipes import recipe as catalogued
from latticework.recipes.base import Published
from latticework.recipes.tnn_variants import VARIANTS
from latticework.report.benchmarks import (
    glom_published_table,
    glom_table,
    gridnet_table,
    leaky_table,
    machine_line,
    own_pictures_table,
    page_table,
    remat_table,
)
from latticework.report.everything import Results
from latticework.report.gpu_tables import parity_table, timing_table
from latticework.report.markdown import markdown
from latticework.report.results import RunResult, read_runs
from latticework.report.rewired_tables import needs_table, search_table
from latticework.report.tnn_tables import TNN_TABLES, study_accuracy
from latticework.studies.catalogue import STUDIES
from latticework.studies.study import rows_of
from latticework.studies.training import spread

Runs = Mapping[str, RunResult]


def recipes_table(results: Results, family: str) -> str:
    """Recipe, source, command, published number, ours; the variants of a version left out."""
    rows = [
        (
            recipe.name,
            recipe.summary,
            recipe.source,
            f"`latticework train {recipe.name}`",
            recipe.published.text,
            _ours(results.runs.get(recipe.name))
            or study_accuracy(results, recipe.name)
            or "not run",
        )
        for recipe in FAMILIES[family]
        if recipe not in VARIANTS
    ]
    return markdown(("recipe", "what", "source", "command", "published", "ours"), rows)


HIGHLIGHTS = (
    "grid-snap1-adam",
    "grid-bptt",
    "ring-snap1",
    "ring-bptt",
    "windows-clock",
    "tree-best",
    "gridnet-mnist",
    "glom-mnist",
    "tnn-best",
)
"""Recipes of the README's first screen."""


def highlights_table(results: Results) -> str:
    """A few recipes: what, parameters, published number, ours with its spread."""
    recipes = [RECIPES[name] for name in HIGHLIGHTS]
    rows = [
        (
            recipe.name,
            recipe.summary,
            f"{recipe.num_parameters:,}",
            recipe.published.text,
            _ours(results.runs.get(recipe.name)) or "not run",
        )
        for recipe in recipes
    ]
    return markdown(("recipe", "what, on MNIST", "parameters", "published", "ours"), rows)


def runs_table(runs: Runs) -> str:
    """Every run: spread over seeds, length, code path."""
    rows = []
    for recipe in _in_order(runs):
        result = runs[recipe.name]
        record, summary = result.record, result.summary
        published = result.published
        rows.append(
            (
                recipe.name,
                result.num_seeds,
                f"{record['epochs']}{', cut short' if result.is_cut_short else ''}",
                f"{summary['mean']:.3f}",
                "-" if summary["sd"] is None else f"{summary['sd']:.3f}",
                f"{summary['min']:.3f}",
                f"{summary['max']:.3f}",
                published.text,
                _checked(published),
                record["kernel"],
            )
        )
    headers = ("recipe", "seeds", "epochs", "mean", "sd", "min", "max")
    headers += ("published", "re-simulated", "kernel")
    return markdown(headers, rows)


def family_runs(results: Results, family: str) -> str:
    """Every run of one family."""
    names = {recipe.name for recipe in FAMILIES[family]}
    return runs_table({name: run for name, run in results.runs.items() if name in names})


def epochs_table(runs: Runs, name: str) -> str:
    """Published accuracy of every epoch beside ours, on the same 2,000-image subsets."""
    if name not in runs:
        return f"`{name}` has not been run."
    result = runs[name]
    seeds = result.record["seeds"]
    rows = []
    for line in result.metrics:
        epoch = line["epoch"]
        published = result.published.by_epoch
        each = line["per_seed"]["test_accuracy"]
        rows.append(
            (
                epoch,
                f"{published[epoch]:.3f}" if epoch < len(published) else "-",
                f"{each[0]:.4f}",
                f"{line['test_accuracy']:.3f}",
                f"{min(each):.3f} .. {max(each):.3f}",
            )
        )
    ours = f"seed {seeds[0]} (the published seed)" if seeds[0] == 0 else f"seed {seeds[0]}"
    headers = ("epoch", "published", f"ours, {ours}", f"mean of {len(seeds)}", "range")
    return markdown(headers, rows)


def curve_table(runs: Runs, name: str) -> str:
    """How far a run came, epoch by epoch, and what was published at the end, if anything was."""
    if name not in runs:
        return f"`{name}` has not been run."
    result = runs[name]
    rows = [
        (
            line["epoch"] + 1,
            f"{line['steps']:,}",
            f"{line['train_loss']:.4f}",
            f"{line['test_accuracy']:.4f}",
            f"{line['seconds'] / 60:.0f} min",
        )
        for line in result.metrics
    ]
    steps_per_epoch = result.metrics[0]["steps"]
    for epochs, accuracy in result.published.points:
        steps = f"{epochs * steps_per_epoch:,}"
        rows.append((f"{epochs}, published", steps, "-", f"{accuracy:.2f}", "-"))
    return markdown(("epochs", "steps", "training loss", "test accuracy", "time"), rows)


def echo_table(runs: Runs) -> str:
    """Mean squared error of the copied image against steps, without gates and with."""
    names = ("gridnet-echo", "gridnet-echo-gated")
    if any(name not in runs for name in names):
        return f"`latticework reproduce {' '.join(names)}` has not been run."
    rows = []
    for lines in zip(*(runs[name].metrics for name in names), strict=False):
        errors = [[1 - one for one in line["per_seed"]["test_accuracy"]] for line in lines]
        rows.append((f"{lines[0]['steps']:,}", *(spread(error) for error in errors)))
    return markdown(("steps", *names), rows)


def study_table(results: Results, name: str) -> str:
    """What a study says."""
    if name not in results.studies:
        return f"`latticework study {name}` has not been run."
    record = results.studies[name]
    with rows_of(f"results/studies/{name}.json"):
        found = record.study.table(record.rows)
    return markdown(found.headers, found.rows)


def bench_leaky(results: Results, sections: Sequence[str]) -> str:
    """The benchmark of the leaky family: the machine, then some sections."""
    if "leaky" not in results.benchmarks:
        return "`benchmarks/leaky.py` has not been run."
    record = results.benchmarks["leaky"]
    return f"{machine_line(record)}\n\n{leaky_table(record, sections)}"


TABLES: dict[str, Callable[[Results], str]] = {
    **{f"recipes-{name}": partial(recipes_table, family=name) for name in FAMILIES},
    "highlights": highlights_table,
    "runs": lambda results: runs_table(results.runs),
    **{f"runs-{name}": partial(family_runs, family=name) for name in FAMILIES},
    "epochs-grid-snap1-adam": lambda results: epochs_table(results.runs, "grid-snap1-adam"),
    "epochs-grid-snap1-sgd": lambda results: epochs_table(results.runs, "grid-snap1-sgd"),
    "bench-leaky-rules": lambda results: bench_leaky(results, ("rules", "networks", "paths")),
    "bench-leaky-growth": lambda results: bench_leaky(
        results, ("cells", "steps", "hops", "batch", "threads")
    ),
    "curve-gridnet-mnist-published": lambda results: curve_table(
        results.runs, "gridnet-mnist-published"
    ),
    "curve-glom-mnist-faithful": lambda results: curve_table(results.runs, "glom-mnist-faithful"),
    "echo": lambda results: echo_table(results.runs),
    "bench-gridnet": lambda results: gridnet_table(results.benchmarks.get("gridnet")),
    "bench-remat": lambda results: remat_table(results.benchmarks.get("remat")),
    "gpu-parity": lambda results: parity_table(results.gpu),
    "gpu-timing": lambda results: timing_table(results.gpu),
    "bench-glom": lambda results: glom_table(results.benchmarks.get("glom")),
    "glom-published": lambda results: glom_published_table(
        results.benchmarks.get("glom-published")
    ),
    "needs-rewired": lambda results: needs_table(),
    "search-rewired": lambda results: search_table(results.benchmarks.get("rewired-search")),
    **TNN_TABLES,
    "own-pictures": lambda results: own_pictures_table(results.benchmarks.get("own-pictures")),
    "page": lambda results: page_table(results.benchmarks.get("page")),
    **{f"study-{name}": lambda results, name=name: study_table(results, name) for name in STUDIES},
}
"""Tables by the name that a page uses."""


def _in_order(runs: Runs) -> list[AbstractRecipe]:
    """Recipes that were run, as in the catalogue; overridden ones after them."""
    known = [name for name in RECIPES if name in runs]
    others = [name for name in runs if name not in RECIPES]
    return [runs[name].recipe for name in known + others]


def _ours(result: RunResult | None) -> str:
    if result is None or not is_unchanged(result.recipe):
        return ""
    summary = result.summary
    seeds = plural(result.num_seeds, "seed") + (", cut short" if result.is_cut_short else "")
    score = result.recipe.learner().score_name
    seeds += "" if score == ACCURACY else f"; {score}"
    if summary["sd"] is None:
        return f"{summary['mean']:.3f} ({seeds})"
    return f"{summary['mean']:.3f} ± {summary['sd']:.3f} ({seeds})"


def ours_of(root: Path, name: str) -> str:
    """What a recipe reaches, `mean ± sd (seeds)`, by the raw result under `root`.

    Raises:
        ValueError: there is no such recipe, or no result of it as it stands.
    """
    known = catalogued(name)
    reached = _ours(read_runs(root).get(known.name))
    if not reached:
        raise ValueError(
            f"there is no result of {name} as it stands under {root}; make one with: latticework "
            f"reproduce {name} --save ."
        )
    return reached


def _checked(published: Published) -> str:
    checked = published.checked
    return "-" if checked is None else f"{checked[0]:.3f} ± {checked[1]:.3f}"
