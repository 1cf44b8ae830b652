"""Results that the driver wrote down, against the reference through JAX.

    python compare.py PART PARTS FEW FILE...

compares every PARTS-th kind of call, from PART on, of files that the driver wrote for `problems`
(few where FEW is 1); the last line is a JSON object: how many calls, and a sentence for each result
that is off.
"""

import json
import struct
import sys
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import BinaryIO, NamedTuple

import jax
import numpy as np
from problems import Arrays, Problem, problems

# Relative to the largest entry of a result. Rounding grows with the few steps and cells of the
# problems: at 2^-24 by some hundreds in single precision, and so in double.
TOLERANCE = {"float32": 3e-5, "float64": 1e-10}
# What cancels over a batch keeps the rounding of its terms, which are as large as the largest
# result: so many roundings of that are nothing.
ROUNDINGS = 8
FAST = {"xla_backend_optimization_level": 0}


class Record(NamedTuple):
    """One call: what went in and what came out."""

    problem: int
    arguments: Arrays
    results: Arrays


def main(arguments: Sequence[str]) -> int:
    """Be one process of several that share the work; compilation takes nearly all of it."""
    part, parts, few, *paths = arguments
    count, off = compare(
        map(Path, paths), problems(few=few == "1"), slice(int(part), None, int(parts))
    )
    print(json.dumps({"compared": count, "off": off}))
    return 0


def compare(paths: Iterable[Path], made: list[Problem], which: slice) -> tuple[int, list[str]]:
    """How many calls were compared, and a sentence for each result that is off."""
    groups: dict[tuple, list[Record]] = defaultdict(list)
    for path in paths:
        for record in read(path):
            shapes = [
                (name, a.shape) for name, a in (*record.arguments.items(), *record.results.items())
            ]
            # The reference computes in float64, whatever came.
            groups[record.problem, *shapes].append(record)
    count, off = 0, []
    for group in list(groups.values())[which]:
        problem = made[group[0].problem]
        if problem.expected is None:
            raise ValueError(f"problem {group[0].problem} has no reference to be compared with")
        expected = jax.jit(problem.expected, compiler_options=FAST)(stacked(group, problem.entry))
        for number, record in enumerate(group):
            count += 1
            off += differences(
                record, {name: value[number] for name, value in expected.items()}, problem
            )
    return count, off


def stacked(group: list[Record], entry: str) -> Arrays:
    """All calls of a group, one axis in front; floats in float64 where the reference can."""
    keeps = "waves" in entry or "glom" in entry

    def wide(array: np.ndarray) -> np.ndarray:
        return array if keeps or array.dtype.kind != "f" else array.astype(np.float64)

    given = {
        name: np.stack([wide(record.arguments[name]) for record in group])
        for name in group[0].arguments
        if name not in ("states", "stats")
    }
    if "waves" in entry:
        given["learns"] = np.zeros((1, group[0].results["new_weights"].size))
    return given


def differences(record: Record, expected: Arrays, problem: Problem) -> list[str]:
    """A sentence for each result of one call that is off."""
    found = []
    largest = max(
        float(np.abs(np.asarray(v, np.float64)).max(initial=0)) for v in expected.values()
    )
    for name, value in expected.items():
        got = record.results[name]
        value = np.asarray(value)
        if got.dtype.kind != "f" or "waves" in problem.entry:
            error, limit = float(np.sum(got != value)), 0.0
        else:
            own = float(np.abs(value).max(initial=0))
            # What should be zero is compared with the largest of all results.
            scale = own if own > 1e-3 * largest else largest or 1.0
            error = float(np.abs(got - value).max(initial=0)) / scale
            rounding = ROUNDINGS * float(np.finfo(got.dtype).eps) / 2
            limit = max(TOLERANCE[got.dtype.name], rounding * largest / scale)
        if not error <= limit:
            found.append(f"{problem.entry}, problem {record.problem}: {name} is off by {error:.1e}")
    return found


def read(path: Path) -> Iterator[Record]:
    """The calls of a file, one after the other."""
    with path.open("rb") as file:
        while head := file.read(8):
            yield Record(struct.unpack("<q", head)[0], arrays(file), arrays(file))


def arrays(file: BinaryIO) -> Arrays:
    """Arrays by name, as the driver writes them."""
    found = {}
    for _ in range(number(file)):
        name, dtype = text(file), text(file)
        shape = tuple(number(file) for _ in range(number(file)))
        found[name] = np.frombuffer(file.read(number(file)), dtype).reshape(shape)
    return found


def number(file: BinaryIO) -> int:
    """One number."""
    return struct.unpack("<q", file.read(8))[0]


def text(file: BinaryIO) -> str:
    """One text."""
    return file.read(number(file)).decode()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
