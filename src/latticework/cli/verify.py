"""`latticework verify [DIR]`: replay golden arrays."""

import dataclasses
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import tyro

from latticework.cli.arguments import parse
from latticework.cli.output import console, print_json
from latticework.core.checks import require
from latticework.verify import CaseResult, Context, Outcome, replays

FAILED = 1
OWN = Path("tests", "golden", "data")
"""Where a checkout keeps its golden arrays."""

WORDS = {Outcome.PASSED: "pass", Outcome.FAILED: "FAIL", Outcome.SKIPPED: "skipped"}
LINE = "{:<28} {:>9} {:>9}  {:<7} {:>6}  {}"


@dataclasses.dataclass(frozen=True)
class VerifyOptions:
    """Replay golden files in float64; exit status 1 when an error is above its tolerance.

    Args:
        folder: folder with golden .npz files, at any depth, or one file; left out: those of the
            checkout that this is called in.
        data_dir: folder with the data files; LATTICEWORK_DATA says the same.
        json: print one JSON value and nothing else.
    """

    folder: tyro.conf.Positional[Path | None] = None
    data_dir: Path | None = None
    json: bool = False


def main(argv: Sequence[str]) -> int:
    """Replay and print, case by case."""
    options = parse(VerifyOptions, argv, "verify")
    require(
        options.folder is not None or OWN.is_dir(),
        f"there is no {OWN} here; run verify in a checkout, or name a folder of golden files",
    )
    cases = replays(options.folder or OWN, Context(options.data_dir))
    if options.json:
        results = list(cases)
        print_json([_json(result) for result in results])
    else:
        results = _print(cases)
    return 0 if all(result.passed for result in results) else FAILED


def _print(cases) -> list[CaseResult]:
    """Print each case when it is done: some take a minute."""
    screen, results = console(), []

    def line(*columns: Any, style: str = "") -> None:
        text = LINE.format(*columns).rstrip()
        screen.print(text, style=style, soft_wrap=True)

    line("case", "error", "tolerance", "", "time", "nearest to its tolerance", style="bold")
    for result in cases:
        results.append(result)
        worst = result.worst
        numbers = (
            ("-", "-", "")
            if worst is None
            else (f"{worst.error:.1e}", f"{worst.tolerance:.1e}", worst.quantity)
        )
        style = "bold red" if result.outcome is Outcome.FAILED else ""
        seconds = f"{result.seconds:.1f} s"
        line(result.case, *numbers[:2], WORDS[result.outcome], seconds, numbers[2], style=style)
        if result.message:
            screen.print(f"  {result.message}", soft_wrap=True)
    counts = {word: sum(r.outcome is outcome for r in results) for outcome, word in WORDS.items()}
    checks = sum(len(result.checks) for result in results)
    screen.print(
        f"{counts['pass']} passed, {counts['FAIL']} failed, {counts['skipped']} skipped; "
        f"{checks:,} quantities compared",
        style="bold",
    )
    return results


def _json(result: CaseResult) -> dict[str, Any]:
    worst = result.worst
    return {
        "case": result.case,
        "outcome": result.outcome.value,
        "largest_error": None if worst is None else worst.error,
        "tolerance": None if worst is None else worst.tolerance,
        "quantity": None if worst is None else worst.quantity,
        "message": result.message,
        "seconds": result.seconds,
        "checks": [dataclasses.asdict(check) for check in result.checks],
    }
