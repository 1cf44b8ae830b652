"""Run every fuzz below this folder and add its counts to results/fuzz.json: `make fuzz N=100000`.

The Makefile says what a fuzz is given and what it prints.
"""

import json
import os
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path

HERE = Path(__file__).parent
RESULT = HERE.parent / "results" / "fuzz.json"
SMALL = "small"
Counts = dict[str, dict[str, int]]
"""Kind of case -> what was counted -> how many."""


def main(arguments: Sequence[str]) -> int:
    """Run all, each even where another failed; the exit status is 1 if any did."""
    (number,) = arguments or (SMALL,)
    if number != SMALL and not (number.isascii() and number.isdigit() and int(number) > 0):
        print(f"N is {number}, expected a number from 1 up, or {SMALL}", file=sys.stderr)
        return 2
    stored: dict[str, Counts] = json.loads(RESULT.read_text()) if RESULT.exists() else {}
    failed = []
    for script in sorted(HERE.glob("*/run")):
        name = script.parent.name
        begun = time.monotonic()
        seed = 0 if number == SMALL else cases(stored.get(name, {}))
        counts = run(script, number, seed)
        if counts is None:
            failed.append(name)
            continue
        print(f"{name}: {cases(counts):,} cases, {time.monotonic() - begun:.0f} s", flush=True)
        if number != SMALL:
            stored[name] = add(stored.get(name, {}), counts)
            RESULT.write_text(json.dumps(stored, indent=2, ensure_ascii=False) + "\n")
    for name in failed:
        print(f"{name}: FAILED", file=sys.stderr)
    return 1 if failed else 0


def run(script: Path, number: str, seed: int) -> Counts | None:
    """What one fuzz counted; None if it failed, by its exit status or by its last line."""
    environment = {**os.environ, "N": number, "SEED": str(seed)}
    done = subprocess.run([script], env=environment, stdout=subprocess.PIPE, text=True, check=False)
    *before, last = done.stdout.splitlines() or [""]
    print(*before, sep="\n", end="\n" if before else "")
    if done.returncode:
        print(last)
        return None
    try:
        return {
            kind: {what: int(n) for what, n in of.items()} for kind, of in json.loads(last).items()
        }
    except (ValueError, AttributeError, TypeError):
        print(f"{script}: the last line is no JSON object of counts: {last}", file=sys.stderr)
        return None


def cases(counts: Counts) -> int:
    """How many cases there were of all kinds."""
    return sum(of.get("cases", 0) for of in counts.values())


def add(one: Counts, other: Counts) -> Counts:
    """The sums, kind by kind."""
    return {
        kind: {
            what: one.get(kind, {}).get(what, 0) + other.get(kind, {}).get(what, 0)
            for what in {**one.get(kind, {}), **other.get(kind, {})}
        }
        for kind in {**one, **other}
    }


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
