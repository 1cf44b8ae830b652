"""`latticework describe NAME`: a recipe's network and what each rule costs on it."""

import dataclasses
import sys
from collections.abc import Sequence

from rich.console import Console

from latticework.cli.arguments import RecipeOptions, parse, take_recipe
from latticework.cli.output import console, print_json, table
from latticework.core.readout import AbstractCountedReadout
from latticework.core.side_work import side_work
from latticework.pictures import draw_text
from latticework.recipes import AbstractRecipe, LeakyRecipe, compared, to_json
from latticework.studies.description import Description, KernelFacts, describe

OWN = " *"


@dataclasses.dataclass(frozen=True)
class DescribeOptions:
    """A recipe's network: a drawing, its parameters, the memory of each rule, its kernels.

    Every field of the recipe can be overridden, as for train.

    Args:
        recipe: what to describe.
        json: print one JSON value and nothing else.
    """

    recipe: RecipeOptions
    json: bool = False


def main(argv: Sequence[str]) -> int:
    """Describe a recipe."""
    recipe, rest = take_recipe(argv, "describe", DescribeOptions)
    options = parse(DescribeOptions, rest, f"describe {recipe.name}", recipe=recipe)
    recipe = compared(options.recipe)
    if isinstance(recipe, LeakyRecipe):
        _describe_leaky(recipe, options.json)
    else:
        _describe_any(recipe, options.json)
    return 0


def _describe_leaky(recipe: LeakyRecipe, json: bool) -> None:
    found = describe(recipe)
    if json:
        print_json({**dataclasses.asdict(found), "recipe": to_json(recipe)})
        return
    screen = console()
    _heading(screen, recipe)
    _print(screen, recipe, found)
    _footing(screen, recipe)


def _describe_any(recipe: AbstractRecipe, json: bool) -> None:
    """What can be said of a recipe of any family."""
    recipe.check()
    facts = {
        "cells": recipe.num_cells,
        "parameters": recipe.parameters,
        "kernel": recipe.learner().kernel,
    }
    if json:
        print_json({**facts, "recipe": to_json(recipe)})
        return
    screen = console()
    _heading(screen, recipe)
    screen.print(
        f"{recipe.num_cells:,} cells, {recipe.num_parameters:,} parameters", soft_wrap=True
    )
    for line in recipe.details():
        screen.print(line, soft_wrap=True)
    rows = [(group, f"{count:,}") for group, count in recipe.parameters.items()]
    screen.print(table(("parameters of", "scalars"), rows, numbers=1))
    screen.print(f"kernel {facts['kernel']}", soft_wrap=True)
    _footing(screen, recipe)


def _heading(screen: Console, recipe: AbstractRecipe) -> None:
    screen.print(f"{recipe.name}: {recipe.summary}", style="bold", soft_wrap=True)
    screen.print()


def _footing(screen: Console, recipe: AbstractRecipe) -> None:
    screen.print()
    screen.print(f"source: {recipe.source}", soft_wrap=True)
    screen.print(f"published accuracy: {_published(recipe)}", soft_wrap=True)


def _print(screen: Console, recipe: LeakyRecipe, found: Description) -> None:
    with side_work("no drawing of this network"):
        # A drawing is not wrapped.
        wiring, readout = recipe.network().wiring, recipe.readout
        counts = readout.counts(wiring) if isinstance(readout, AbstractCountedReadout) else None
        drawing = draw_text(wiring, counts=counts, plain=not _can_draw_lines())
        screen.print(drawing, soft_wrap=True)
        screen.print()
    screen.print(_sizes(found), soft_wrap=True)
    screen.print(_parameters(found), soft_wrap=True)
    screen.print()
    screen.print(f"Memory for learning, on sequences of {found.num_steps} steps:")
    screen.print(_rules(found))
    for facts in found.rules:
        if facts.refusal:
            screen.print(f"{facts.rule}: {facts.refusal}", soft_wrap=True)
    screen.print(f"{OWN.strip()} the recipe's own rule")
    screen.print()
    screen.print("Kernels, the fastest first:")
    for kernel in found.kernels:
        screen.print(f"  {kernel.kernel}: {_applies(kernel)}", soft_wrap=True)


def _can_draw_lines() -> bool:
    """Whether standard output takes the characters that boxes are drawn with."""
    return "utf" in (getattr(sys.stdout, "encoding", None) or "").lower()


def _sizes(found: Description) -> str:
    sizes = found.sizes
    return (
        f"{sizes['cells']:,} cells, {sizes['edges']:,} edges between them, depth {sizes['depth']}\n"
        f"{sizes['channels']} channels in, {sizes['classes']} classes out; "
        f"at most {sizes['slots']} inputs per cell"
    )


def _parameters(found: Description) -> str:
    groups = " + ".join(f"{count:,} {name}" for name, count in found.parameters.items())
    return f"{sum(found.parameters.values()):,} parameters: {groups}"


def _rules(found: Description):
    rows = [
        (
            facts.rule + (OWN if facts.is_own else ""),
            "-" if facts.memory is None else f"{facts.memory:,.1f}",
            "not usable" if facts.refusal else "yes" if facts.is_exact else "no",
        )
        for facts in found.rules
    ]
    return table(("rule", "scalars per cell", "exact gradient here"), rows, numbers=1)


def _applies(kernel: KernelFacts) -> str:
    if kernel.refusal:
        return f"does not apply: {kernel.refusal}"
    return "in use" if kernel.is_chosen else "applies"


def _published(recipe: AbstractRecipe) -> str:
    published = recipe.published
    text = published.text if published.test_accuracy is not None else "none"
    if published.checked is not None:
        mean, sd = published.checked
        text += f"; re-simulated over seeds {mean:.3f} ± {sd:.3f}"
    return f"{text} ({published.note})" if published.note else text
