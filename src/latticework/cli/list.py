"""`latticework list`: the recipes."""

from collections.abc import Sequence
from dataclasses import dataclass

from latticework.cli.arguments import parse
from latticework.cli.output import console, print_json, table
from latticework.recipes import RECIPES, to_json


@dataclass(frozen=True)
class ListOptions:
    """The recipes, with what was published for each.

    Args:
        json: print the complete recipes as one JSON value.
    """

    json: bool = False


def main(argv: Sequence[str]) -> int:
    """Print the recipes."""
    options = parse(ListOptions, argv, "list")
    if options.json:
        print_json([to_json(recipe) for recipe in RECIPES.values()])
        return 0
    rows = [(r.name, r.published.text, r.summary) for r in RECIPES.values()]
    console().print(table(("recipe", "published", "what it is"), rows))
    return 0
