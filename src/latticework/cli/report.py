"""`latticework report`: rebuild tables and figures, or check them."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from latticework.cli.arguments import parse
from latticework.cli.output import console, print_json
from latticework.report import check_pages, rebuild_pages

DISAGREES = 1


@dataclass(frozen=True)
class ReportOptions:
    """Rebuild every generated table and figure of README and docs from `results/`.

    Args:
        root: the checkout.
        check: write nothing; fail when a page disagrees with the results.
        json: print one JSON value.
    """

    root: Path = Path()
    check: bool = False
    json: bool = False


def main(argv: Sequence[str]) -> int:
    """Rebuild or check."""
    options = parse(ReportOptions, argv, "report")
    screen = console()
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
