"""How fast the kernels are: steps of learning, timed side by side."""

import dataclasses
import os
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import nullcontext
from typing import Any, Literal

import jax
import jax.numpy as jnp
import numpy as np

from latticework.core.checks import require
from latticework.core.environment import THREADS_VARIABLE
from latticework.core.network import Network
from latticework.core.precision import double_precision
from latticework.core.registry import unknown_name
from latticework.core.rule import AbstractRule
from latticework.core.seeds import key_of
from latticework.kernels import KERNELS, AbstractKernel, Problem, choose_kernel
from latticework.kernels.extension import extension
from latticework.kernels.native_kernel import NativeKernel
from latticework.models import diagonal, grid, leaky_network, small_world, tree
from latticework.rules import Bptt, Broadcast, HopTrace
from latticework.studies.description import rule_label
from latticework.studies.operations import operations_per_image
from latticework.topologies import RingLayers, Windows

Dtype = Literal["float32", "float64"]

REFERENCE = "reference"
"""The definition, vmapped: correct and slow, so it is timed only when it is asked for."""

ROUND_SECONDS = 0.05
"""A round of one path lasts at least about so long."""

STEP_SIZE = 1e-3


@dataclasses.dataclass(frozen=True)
class Case:
    """What is timed.

    Args:
        name: the network.
        network: cells, wiring, schedule, readout.
        rule: how it learns.
        num_steps: length of a sequence.
    """

    name: str
    network: Network
    rule: AbstractRule
    num_steps: int = 28


@dataclasses.dataclass(frozen=True)
class Timing:
    """How long one path took.

    Args:
        case: the network.
        rule: the rule.
        batch: images per step.
        threads: threads that the path may use.
        dtype: precision.
        path: name of the kernel.
        us_per_image: median over the rounds, in microseconds.
        gflops: arithmetic of the equations per second, in 1e9; None where it has not been counted.
        peak_gflops: what so many threads can do at most: given, or measured; None where neither is.
        us_per_image_min: the fastest round.
        us_per_image_max: the slowest round.
        repeats: number of rounds.
    """

    case: str
    rule: str
    batch: int
    threads: int
    dtype: str
    path: str
    us_per_image: float
    gflops: float | None
    peak_gflops: float | None
    us_per_image_min: float
    us_per_image_max: float
    repeats: int


def _leaky() -> tuple[Case, ...]:
    return (
        Case("grid-28x10", grid(), HopTrace(hops=1)),
        Case("grid-28x10", grid(), Bptt()),
        Case("grid-28x10", grid(), HopTrace(hops=1, signal=Broadcast())),
        Case("tree-28", tree(), HopTrace(hops=1)),
        Case("tree-28", tree(), Bptt()),
        Case("diagonal-30", diagonal(30), HopTrace(hops=0)),
        Case("small-world", small_world(), HopTrace(hops=1)),
        Case("ring-28x5", leaky_network(RingLayers()), HopTrace(hops=1)),
        Case("ring-28x5", leaky_network(RingLayers()), Bptt()),
        Case("windows-140", leaky_network(Windows()), HopTrace(hops=0)),
    )


FAMILIES: Mapping[str, Callable[[], tuple[Case, ...]]] = {"leaky": _leaky}
"""What there is to time, by family."""


def cases_of(family: str) -> tuple[Case, ...]:
    """The cases of a family.

    Raises:
        ValueError: there is no such family.
    """
    require(family in FAMILIES, unknown_name("family", family, dict(FAMILIES)))
    return FAMILIES[family]()


def bench(
    cases: Sequence[Case],
    *,
    batches: Sequence[int] = (32,),
    repeats: int = 7,
    kernels: Sequence[str] | None = None,
    dtype: Dtype = "float32",
    peak_gflops: float | None = None,
) -> Iterator[Timing]:
    """Time a step of learning (direction and plain update) of one seed on random images.

    Steps are chained inside one compiled loop, as in training. Every path is compiled and warmed
    up first; then the paths of a case take turns, round by round, so that a busy machine disturbs
    all of them alike.

    Args:
        cases: what to time.
        batches: images per step.
        repeats: rounds.
        kernels: names of the paths; by default all that apply but the reference.
        dtype: precision.
        peak_gflops: of the machine, as far as these threads go; measured when not given.

    Raises:
        ValueError: an argument is out of range, or no case can run on what was asked for.
    """
    require(repeats >= 1, f"repeats is {repeats}, expected 1 or more")
    require(len(batches) > 0, "there is no batch size; give one or more")
    require(min(batches) >= 1, f"a batch size is {min(batches)}, expected 1 or more")
    require(
        peak_gflops is None or peak_gflops > 0,
        f"peak_gflops is {peak_gflops}, expected a positive number",
    )
    return _bench([(c, _paths(c, kernels)) for c in cases], batches, repeats, dtype, peak_gflops)


def num_threads(path: str) -> int:
    """Threads that a path may use: the cores that this process may run on, unless told fewer."""
    told = os.environ.get(THREADS_VARIABLE, "")
    if path == NativeKernel.name and told.isdigit() and int(told) > 0:
        return int(told)
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def measured_peak(threads: int, dtype: Dtype) -> float | None:
    """GFLOP/s of a dense multiply-add loop on one thread, times `threads`.

    An upper bound where threads share a core. None without the compiled extension.
    """
    native = extension()
    if isinstance(native, str) or not hasattr(native, "peak"):
        return None
    return threads * native.peak("auto", dtype == "float64") / 1e9


def _paths(case: Case, wanted: Sequence[str] | None) -> list[AbstractKernel]:
    """The kernels to time on a case."""
    problem = Problem(case.network, case.rule, "sum")
    if wanted is not None:
        return [choose_kernel(problem, name) for name in wanted]
    applying = [name for name, kernel in KERNELS.items() if kernel.refusal(problem) is None]
    names = [name for name in applying if name != REFERENCE] or applying
    return [choose_kernel(problem, name) for name in names]


def _bench(
    work: Sequence[tuple[Case, list[AbstractKernel]]],
    batches: Sequence[int],
    repeats: int,
    dtype: Dtype,
    peak_gflops: float | None,
) -> Iterator[Timing]:
    peaks = {n: peak_gflops or measured_peak(n, dtype) for n in {num_threads(k) for k in KERNELS}}
    for case, kernels in work:
        for batch in batches:
            with double_precision() if dtype == "float64" else nullcontext():
                seconds = _time(case, kernels, batch, repeats, dtype)
            operations = operations_per_image(
                Problem(case.network, case.rule, "sum"), case.num_steps
            )
            for kernel, each in zip(kernels, seconds, strict=True):
                per_image = 1e6 * np.asarray(each) / batch
                median = float(np.median(per_image))
                threads = num_threads(kernel.name)
                yield Timing(
                    case=case.name,
                    rule=rule_label(case.rule),
                    batch=batch,
                    threads=threads,
                    dtype=dtype,
                    path=kernel.name,
                    us_per_image=median,
                    gflops=None if operations is None else operations / median / 1e3,
                    peak_gflops=peaks[threads],
                    us_per_image_min=float(per_image.min()),
                    us_per_image_max=float(per_image.max()),
                    repeats=repeats,
                )


def _time(
    case: Case, kernels: Sequence[AbstractKernel], batch: int, repeats: int, dtype: Dtype
) -> list[list[float]]:
    """Seconds per step, by kernel and round."""
    data = _data(case, batch, dtype)
    runs = [_chained(kernel, data) for kernel in kernels]
    counts = [_warm_up(run) for run in runs]
    seconds: list[list[float]] = [[] for _ in kernels]
    for _ in range(repeats):
        for run, count, each in zip(runs, counts, seconds, strict=True):
            each.append(_seconds(run, count) / count)
    return seconds


def _data(case: Case, batch: int, dtype: Dtype) -> dict[str, Any]:
    """Initial parameters of seed 0, and images of noise in 0..1, the same for every path."""
    wiring, rng = case.network.wiring, np.random.default_rng(0)
    params = case.network.init(key_of(0))
    shape = (1, batch, case.num_steps, wiring.num_channels)
    return {
        "params": {name: jnp.asarray(value, dtype)[None] for name, value in params.items()},
        "inputs": jnp.asarray(rng.random(shape), dtype),
        "targets": jnp.asarray(rng.integers(0, wiring.num_classes, (1, batch)), jnp.int32),
        "key": jax.random.split(key_of(1), 1),
    }


def _chained(kernel: AbstractKernel, data: dict[str, Any]) -> Callable[[int], Any]:
    """A call that takes so many steps, each from where the one before ended."""

    @jax.jit
    def run(params, inputs, targets, key, count):
        def step(_, params):
            direction = kernel.updates(params, inputs, targets, key).direction
            return jax.tree.map(
                lambda p, d: p - jnp.asarray(STEP_SIZE, p.dtype) * d, params, direction
            )

        return jax.lax.fori_loop(jnp.zeros_like(count), count, step, params)

    return lambda count: jax.block_until_ready(run(**data, count=jnp.asarray(count, jnp.int32)))


def _warm_up(run: Callable[[int], Any]) -> int:
    """Compile, and find how many steps make a round."""
    run(1)
    once = max(_seconds(run, 1), 1e-6)
    return max(1, round(ROUND_SECONDS / once))


def _seconds(run: Callable[[int], Any], count: int) -> float:
    start = time.perf_counter()
    run(count)
    return time.perf_counter() - start
