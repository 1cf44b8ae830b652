"""`latticework gradcheck NAME`: a rule's direction against the true gradient, in float64."""

import dataclasses
from collections.abc import Sequence
from pathlib import Path

import jax.numpy as jnp
import numpy as np

from latticework.cli.arguments import (
    DataOptions,
    LeakyRecipeOptions,
    Unprefixed,
    names_dataset,
    parse,
    take_recipe,
)
from latticework.cli.notice import print_notice, print_origin
from latticework.cli.output import console, print_json, table
from latticework.core.seeds import check_seed
from latticework.pictures import hop_cosine
from latticework.recipes import LeakyRecipe, Prepared, prepare, require_leaky
from latticework.rules import HopTrace
from latticework.studies.gradcheck import ALL_GROUPS, GradcheckRow, gradcheck

FEW_HOPS = (0, 1, 2, 4, 8, 16)
OWN = " *"


@dataclasses.dataclass(frozen=True)
class GradcheckOptions:
    """A rule's direction against the true gradient (bptt), in float64, at the initial parameters.

    Measures hop_trace at several reaches, with the recipe's learning signal and non-idealities, and
    the recipe's own rule. Every field of the recipe can be overridden, as for train.

    Args:
        recipe: whose network, data and rule to check.
        data: where data come from.
        examples: number of training examples, each compared by itself.
        hops: reaches of the traces; 0, 1, 2, 4, 8, 16 and the depth when not given.
        all: every reach from 0 to the depth.
        seed: draws the parameters.
        picture: draw cosine against hops into this .png file.
        json: print one JSON value and nothing else.
    """

    recipe: LeakyRecipeOptions
    data: Unprefixed = dataclasses.field(default_factory=DataOptions)
    examples: int = 8
    hops: tuple[int, ...] | None = None
    all: bool = False
    seed: int = 0
    picture: Path | None = None
    json: bool = False


def main(argv: Sequence[str]) -> int:
    """Compare, print, draw."""
    named, rest = take_recipe(argv, "gradcheck", GradcheckOptions)
    recipe = require_leaky(named, "gradcheck")
    options = parse(GradcheckOptions, rest, f"gradcheck {recipe.name}", recipe=recipe)
    options.recipe.check()
    hops = _reaches(options)
    prepared = prepare(options.recipe, options.data.source(), strict=names_dataset(argv))
    swept, own = _measure(prepared, hops, options)
    if options.picture is not None:
        _draw(swept, options.picture, f"{recipe.name}: gradient cosine at the initial parameters")
    if options.json:
        print_json(_json(prepared, options, swept + own))
    else:
        _print(prepared, options, swept, own)
    return 0


def _reaches(options: GradcheckOptions) -> tuple[int, ...]:
    """The reaches to measure, in rising order, a hop_trace's own among them."""
    depth = options.recipe.network().wiring.max_depth
    check_seed("--seed", options.seed)
    if options.examples < 1:
        raise ValueError(f"--examples is {options.examples}, expected 1 or more")
    if options.picture is not None and options.picture.suffix != ".png":
        raise ValueError(f"--picture is {options.picture}, expected a name that ends in .png")
    if options.all and options.hops is not None:
        raise ValueError("--hops and --all exclude each other; give one of them")
    if options.hops is not None:
        if not options.hops or min(options.hops) < 0:
            raise ValueError(f"--hops is {list(options.hops)}, expected numbers from 0 up")
        return tuple(sorted(set(options.hops)))
    if options.all:
        return tuple(range(depth + 1))
    own = options.recipe.rule
    wanted = {depth, *FEW_HOPS} | ({own.hops} if isinstance(own, HopTrace) else set())
    return tuple(sorted(reach for reach in wanted if reach <= depth))


def _measure(
    prepared: Prepared[LeakyRecipe], hops: tuple[int, ...], options: GradcheckOptions
) -> tuple[list[GradcheckRow], list[GradcheckRow]]:
    """Rows of the sweep over reaches, and of the recipe's own rule where it is not in the sweep."""
    recipe, dataset = prepared.recipe, prepared.dataset
    available = len(dataset.train_targets)
    if options.examples > available:
        raise ValueError(
            f"--examples is {options.examples}, but {dataset.name} has {available:,} training "
            "examples; ask for fewer"
        )
    raw = jnp.asarray(dataset.train_inputs[: options.examples])
    inputs = np.asarray(recipe.task.encode(raw))
    targets = dataset.train_targets[: options.examples]

    def check(rule, hops=None) -> list[GradcheckRow]:
        return gradcheck(
            recipe.network(), inputs, targets, recipe.loss, rule=rule, hops=hops, seed=options.seed
        )

    if isinstance(recipe.rule, HopTrace):
        missing = () if recipe.rule.hops in hops else (recipe.rule.hops,)
        own = check(recipe.rule, missing) if missing else []
        return check(recipe.rule, hops), own
    return check(HopTrace(), hops), check(recipe.rule)


def _draw(rows: Sequence[GradcheckRow], path: Path, title: str) -> None:
    by_hops: dict[int, dict[str, float]] = {}
    for row in rows:
        by_hops.setdefault(int(row.hops or 0), {})[row.group] = row.cosine
    hop_cosine(
        [{"hops": reach, "cosine": cosine} for reach, cosine in by_hops.items()], path, title=title
    )


def _json(
    prepared: Prepared[LeakyRecipe], options: GradcheckOptions, rows: Sequence[GradcheckRow]
) -> dict[str, object]:
    return {
        "name": prepared.recipe.name,
        "dataset": prepared.dataset.name,
        "notice": prepared.dataset.notice,
        "examples": options.examples,
        "seed": options.seed,
        "depth": prepared.recipe.network().wiring.max_depth,
        "rows": [
            {**dataclasses.asdict(row), "is_own": _is_own(row, prepared.recipe)} for row in rows
        ],
        "picture": options.picture,
    }


def _is_own(row: GradcheckRow, recipe: LeakyRecipe) -> bool:
    """Whether `row` is of the recipe's own rule."""
    own = recipe.rule
    if isinstance(own, HopTrace):
        return row.hops == own.hops
    return row.hops is None


def _print(
    prepared: Prepared[LeakyRecipe],
    options: GradcheckOptions,
    swept: Sequence[GradcheckRow],
    own: Sequence[GradcheckRow],
) -> None:
    screen, recipe = console(), prepared.recipe
    print_notice(screen, prepared.dataset)
    print_origin(screen, prepared.dataset)
    groups = list(dict.fromkeys(row.group for row in swept))
    screen.print(
        f"{recipe.name}: direction against the true gradient (bptt), float64, initial parameters "
        f"of seed {options.seed},\nmean over {options.examples} examples of "
        f"{prepared.dataset.name}, each compared by itself",
        soft_wrap=True,
    )
    rows = [*swept, *own]
    for what, show in (
        ("cosine", lambda row: f"{row.cosine:.6f}"),
        (
            "relative error: largest difference / largest true entry",
            lambda row: f"{row.relative_error:.1e}",
        ),
    ):
        screen.print()
        screen.print(what, style="bold", soft_wrap=True)
        headers = ("rule", *("all groups" if group == ALL_GROUPS else group for group in groups))
        screen.print(table((*headers, "exact"), _lines(rows, recipe, show), numbers=1))
    screen.print()
    screen.print(f"{OWN.strip()} the recipe's own rule; exact: the rule claims the true gradient")
    if options.picture is not None:
        screen.print(f"picture {options.picture}", soft_wrap=True)
    print_notice(screen, prepared.dataset)


def _lines(rows: Sequence[GradcheckRow], recipe: LeakyRecipe, show) -> list[list[str]]:
    """One line per rule and reach, one column per parameter group."""
    lines: dict[tuple[str, int | None], list[str]] = {}
    last: dict[tuple[str, int | None], GradcheckRow] = {}
    for row in rows:
        label = row.rule if row.hops is None else f"{row.rule} {row.hops}"
        mark = OWN if _is_own(row, recipe) else ""
        lines.setdefault((row.rule, row.hops), [label + mark]).append(show(row))
        last[row.rule, row.hops] = row
    return [[*line, "yes" if last[key].is_exact else "no"] for key, line in lines.items()]
