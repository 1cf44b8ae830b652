"""`latticework report`: rebuild tables and figures, or check them."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from latticework.cli.arguments import parse
from latticework.cli.output import console, print_json
from latticework.recipes import recipe
from latticework.report import check_pages, ours_of, rebuild_pages

DISAGREES = 1


@dataclass(frozen=True)
class ReportOptions:
    """Rebuild every generated table and figure of README and docs from `results/`.

    Args:
        root: the checkout.
        check: write nothing; fail when a page disagrees with the results.
        recipe: write nothing; say in one line what this recipe reaches, by its raw result.
        json: print one JSON value.
    """

    root: Path = Path()
    check: bool = False
    recipe: str | None = None
    json: bool = False


def main(argv: Sequence[str]) -> int:
    """Rebuild or check."""
    options = parse(ReportOptions, argv, "report")
    screen = console()
    if options.recipe is not None:
        reached = ours_of(options.root, options.recipe)
        if options.json:
            print_json({"recipe": options.recipe, "reached": reached})
        else:
            screen.print(
                f"{recipe(options.recipe).summary}: {reached}; latticework train {options.recipe}",
                soft_wrap=True,
            )
        return 0
    if options.check:
        stale = check_pages(options.root)
        if options.json:
            print_json({"stale": [{"path": s.path, "what": s.what} for s in stale]})
        elif stale:
            for one in stale:
                screen.print(
                    f"{one.path}: {one.what} disagrees with results/; run: latticework report"
                )
        else:
            screen.print("every page agrees with results/")
        return DISAGREES if stale else 0
    changed = rebuild_pages(options.root)
    if options.json:
        print_json({"changed": [str(path) for path in changed]})
    else:
        screen.print("\n".join(f"rewrote {path}" for path in changed) or "nothing to rewrite")
    return 0
