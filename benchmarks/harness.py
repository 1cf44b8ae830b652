"""How every benchmark here measures.

Each task is compiled and warmed up first, and the number of calls that make a round is found. Then
the tasks of a section take turns, round by round in a fresh random order, so that a busy machine
disturbs all of them alike. The median over the rounds is quoted, with the fastest and the slowest.
The machine's peak is that of a dense loop of multiply-adds in registers, measured before and after
(the larger counts).
"""

import argparse
import os
import platform
import random
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from latticework.studies.bench import measured_peak
from latticework.studies.health import simd_flags
from latticework.train import write_json
from latticework.train.results import versions

ROOT = Path(__file__).resolve().parent.parent

Task = Callable[[int], object]
"""Does its work so many times and waits until it is done."""


def measure(tasks: Mapping[Any, Task], rounds: int, round_seconds: float = 0.15) -> dict:
    """Seconds per call, a list of `rounds` numbers for every task."""
    counts = {name: _warm_up(task, round_seconds) for name, task in tasks.items()}
    seconds: dict[Any, list[float]] = {name: [] for name in tasks}
    shuffled = random.Random(0)
    for _ in range(rounds):
        for name in shuffled.sample(list(tasks), len(tasks)):
            start = time.perf_counter()
            tasks[name](counts[name])
            seconds[name].append((time.perf_counter() - start) / counts[name])
    return seconds


def _warm_up(task: Task, round_seconds: float) -> int:
    task(1)
    start = time.perf_counter()
    task(1)
    return max(1, round(round_seconds / max(time.perf_counter() - start, 1e-6)))


def spread(seconds: list[float], per: float = 1.0) -> dict[str, float]:
    """Median, fastest and slowest in microseconds, divided by `per`."""
    us = 1e6 * np.asarray(seconds) / per
    return {"us": float(np.median(us)), "us_min": float(us.min()), "us_max": float(us.max())}


def machine() -> dict[str, Any]:
    """What the numbers depend on."""
    return {
        "processor": _processor(),
        "cores": os.cpu_count(),
        "simd": simd_flags(),
        "peak_gflops_float32": measured_peak(1, "float32"),
        "peak_gflops_float64": measured_peak(1, "float64"),
        "load_before": os.getloadavg()[0],
        "versions": versions(),
    }


def _processor() -> str:
    info = Path("/proc/cpuinfo")
    if info.is_file():
        for line in info.read_text().splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    return platform.processor() or platform.machine()


def arguments(description: str) -> argparse.Namespace:
    """What every benchmark takes."""
    parser = argparse.ArgumentParser(description=description)
    parser.add_argument("--rounds", type=int, default=9, help="rounds per task")
    parser.add_argument(
        "--save", type=Path, default=None, help="a checkout into whose results/ the numbers go"
    )
    return parser.parse_args()


def save(root: Path | None, name: str, record: Mapping[str, Any]) -> None:
    """Write `results/benchmarks/NAME.json` under `root`, if one is given."""
    if root is None:
        return
    path = root / "results" / "benchmarks" / f"{name}.json"
    path.parent.mkdir(parents=True, exist_ok=True)
    write_json(path, record)
    print(f"wrote {path}")
