"""`latticework bench FAMILY`: time the kernels."""

import dataclasses
import json
from collections.abc import Sequence

import jax
import tyro

from latticework.cli.arguments import parse
from latticework.cli.output import console, table
from latticework.core.registry import unknown_name
from latticework.studies.bench import Dtype, Timing, bench, cases_of


@dataclasses.dataclass(frozen=True)
class BenchOptions:
    """Time a step of learning of every kernel: direction and plain update, one seed, random images.

    Steps are chained in one compiled loop. Everything is compiled and warmed up, then the kernels
    of a case take turns; medians over the rounds are given.

    Args:
        family: what to time, as in: latticework bench leaky.
        batch: images per step, one or more sizes.
        repeats: rounds.
        kernels: which kernels; all that apply but the slow reference when not given.
        cases: which networks, as in grid-28x10; all when not given.
        dtype: precision.
        peak_gflops: what this machine can do at most; measured, where that is possible, when not
            given.
        json: print one JSON object per line and nothing else.
    """

    family: tyro.conf.Positional[str] = "leaky"
    batch: tuple[int, ...] = (32,)
    repeats: int = 7
    kernels: tuple[str, ...] | None = None
    cases: tuple[str, ...] | None = None
    dtype: Dtype = "float32"
    peak_gflops: float | None = None
    json: bool = False


def main(argv: Sequence[str]) -> int:
    """Time and print."""
    options = parse(BenchOptions, argv, "bench")
    cases = cases_of(options.family)
    if options.cases is not None:
        names = list(dict.fromkeys(case.name for case in cases))
        for name in options.cases:
            if name not in names:
                raise ValueError(unknown_name(f"case of {options.family}", name, names))
        cases = tuple(case for case in cases if case.name in options.cases)
    timings = bench(
        cases,
        batches=options.batch,
        repeats=options.repeats,
        kernels=options.kernels,
        dtype=options.dtype,
        peak_gflops=options.peak_gflops,
    )
    if options.json:
        for timing in timings:
            print(json.dumps(dataclasses.asdict(timing), allow_nan=False), flush=True)
        return 0
    screen = console()
    screen.print(
        f"family {options.family} on {jax.devices()[0].device_kind}, {options.dtype}: microseconds "
        "per image for a step of learning",
        style="bold",
        soft_wrap=True,
    )
    screen.print(
        f"forward, direction and plain update of one seed on random images; warmed up, then\n"
        f"{options.repeats} interleaved rounds: median, and spread = (slowest - fastest) / median",
        soft_wrap=True,
    )
    done = list(timings)
    screen.print(_table(done))
    screen.print(_legend(done, measured=options.peak_gflops is None), soft_wrap=True)
    return 0


def _legend(timings: Sequence[Timing], *, measured: bool) -> str:
    """What the last columns mean."""
    lines = ["GFLOP/s: additions and multiplications of the equations, the same for every path"]
    peaks = sorted({(t.threads, t.peak_gflops) for t in timings if t.peak_gflops is not None})
    lines += [
        f"peak of {threads} thread{'' if threads == 1 else 's'}: {peak:.1f} GFLOP/s "
        + ("(one thread's multiply-adds, measured, times threads)" if measured else "(as given)")
        for threads, peak in peaks
    ]
    if not peaks:
        lines.append("the peak is not known here; give --peak-gflops to see shares of it")
    return "\n".join(lines)


def _table(timings: Sequence[Timing]):
    rows = []
    for timing in timings:
        spread = (timing.us_per_image_max - timing.us_per_image_min) / timing.us_per_image
        is_known = timing.gflops is not None and timing.peak_gflops is not None
        rows.append(
            (
                timing.case,
                timing.rule,
                timing.path,
                timing.batch,
                f"{timing.us_per_image:.1f}",
                f"{spread:.0%}",
                "-" if timing.gflops is None else f"{timing.gflops:.2f}",
                f"{timing.gflops / timing.peak_gflops:.1%}" if is_known else "-",  # pyright: ignore
            )
        )
    headers = ("case", "rule", "path", "batch", "us/image", "spread", "GFLOP/s", "of peak")
    made = table(headers, rows, numbers=3)
    made.columns[2].min_width = max((len(timing.path) for timing in timings), default=0)
    return made
