"""The leaky family: microseconds per image of every path, and how they grow.

    python benchmarks/leaky.py --save .

A learning step is forward, direction and a plain update, chained in one compiled loop; scoring is
the forward pass alone; a fused step is batch-1 SGD inside one call. Inputs are random images.
"""

import functools
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

import jax
import jax.numpy as jnp
import numpy as np
from harness import Task, arguments, machine, measure, save, spread

from latticework.core.network import Network
from latticework.core.rule import AbstractRule
from latticework.kernels import Problem
from latticework.kernels.choice import KERNELS
from latticework.kernels.native_kernel import NativeKernel
from latticework.models import diagonal, grid, small_world, tree
from latticework.rules import Bptt, Broadcast, HopTrace
from latticework.studies.description import rule_label
from latticework.studies.operations import forward_operations, operations_per_image

Work = Literal["learn", "score", "fused"]
STEP = 1e-4
SNAP1 = HopTrace(hops=1)


@dataclass(frozen=True)
class Item:
    """What is timed: a network, a rule, a path."""

    section: str
    case: str
    network: Network
    rule: AbstractRule = SNAP1
    work: Work = "learn"
    path: str = NativeKernel.name
    batch: int = 32
    num_steps: int = 28
    threads: int = 1

    @property
    def problem(self) -> Problem:
        """What the kernel is made for."""
        return Problem(self.network, self.rule, "sum")

    def operations(self) -> int | None:
        """Additions and multiplications for one image."""
        if self.work == "score":
            return forward_operations(self.network, self.num_steps)
        return operations_per_image(self.problem, self.num_steps)


def items() -> Iterator[Item]:
    """Everything to time."""
    rules = (Bptt(), *(HopTrace(hops=h) for h in (0, 1, 2, 4)), HopTrace(1, Broadcast()))
    for batch in (32, 256):
        yield Item("rules", "grid-28x10", grid(), work="score", batch=batch)
        for rule in rules:
            yield Item("rules", "grid-28x10", grid(), rule, batch=batch)
    yield Item("rules", "grid-28x10", grid(), Bptt(), work="fused", batch=1)
    yield Item("rules", "grid-28x10", grid(), HopTrace(1), work="fused", batch=1)
    for name, network in (("tree-28", tree()), ("diagonal-30", diagonal(30))):
        yield Item("networks", name, network, Bptt())
        yield Item("networks", name, network, HopTrace(1))
    yield Item("networks", "small-world", small_world(), HopTrace(1))
    for path in ("skewed_adjoint", "skewed_traces"):
        for batch in (1, 32):
            yield Item("paths", "grid-28x10", grid(), path=path, batch=batch)
    yield Item("paths", "grid-28x10", grid())
    yield Item("paths", "grid-28x10", grid(), work="fused", batch=1)
    for rows, cols in ((7, 10), (14, 10), (28, 10), (28, 20), (56, 20)):
        yield Item("cells", f"grid-{rows}x{cols}", grid(rows, cols))
    for steps in (7, 14, 28, 56, 112):
        yield Item("steps", "grid-28x10", grid(), num_steps=steps)
    for hops in (0, 1, 2, 4, 8, 16, 37):
        yield Item("hops", "grid-28x10", grid(), HopTrace(hops))
    for batch in (1, 4, 8, 16, 32, 64, 128, 256):
        yield Item("batch", "grid-28x10", grid(), batch=batch)
    for threads in (1, 2):
        for batch in (32, 256):
            yield Item("threads", "grid-28x10", grid(), batch=batch, threads=threads)


def task(item: Item) -> Task:
    """The compiled work of an item."""
    return {"learn": _learn, "score": _score, "fused": _fused}[item.work](item)


def _kernel(item: Item):
    if item.path == NativeKernel.name:
        return NativeKernel(item.problem, num_threads=item.threads)
    return KERNELS[item.path](item.problem)


def _params(item: Item) -> dict:
    params = item.network.init(jax.random.key(0))
    return {name: jnp.asarray(value, jnp.float32)[None] for name, value in params.items()}


def _images(item: Item) -> jnp.ndarray:
    shape = (1, item.batch, item.num_steps, item.network.wiring.num_channels)
    return jnp.asarray(np.random.default_rng(0).random(shape), jnp.float32)


def _learn(item: Item) -> Task:
    kernel, inputs = _kernel(item), _images(item)
    classes = item.network.wiring.num_classes
    targets = jnp.asarray(np.arange(item.batch)[None] % classes, jnp.int32)
    keys = jax.random.split(jax.random.key(1), 1)

    @jax.jit
    def run(params, count):
        def step(_, params):
            direction = kernel.updates(params, inputs, targets, keys).direction
            return jax.tree.map(lambda p, d: p - STEP * d, params, direction)

        return jax.lax.fori_loop(jnp.zeros_like(count), count, step, params)

    return lambda count: jax.block_until_ready(run(_params(item), jnp.int32(count)))


def _score(item: Item) -> Task:
    kernel, inputs = _kernel(item), _images(item)[0]

    @jax.jit
    def run(params, count):
        def step(_, carry):
            # What comes out goes into the next call, or the loop would be empty.
            scores = kernel.scores(params, inputs + carry)
            return jnp.float32(1e-20) * scores[0, 0, 0]

        return jax.lax.fori_loop(jnp.zeros_like(count), count, step, jnp.float32(0))

    params = _params(item)
    return lambda count: jax.block_until_ready(run(params, jnp.int32(count)))


def _fused(item: Item) -> Task:
    """One call of 200 steps counts as 200."""
    steps = 200
    kernel = _kernel(item)
    rng = np.random.default_rng(0)
    channels = item.network.wiring.num_channels
    raw = jnp.asarray(rng.integers(0, 256, (steps, item.num_steps, channels)), jnp.uint8)
    targets = jnp.asarray(np.arange(steps) % item.network.wiring.num_classes, jnp.int32)
    order = jnp.arange(steps, dtype=jnp.int32)[None]
    sizes = {"log_tau": 4e-4, "weight": 1e-4, "bias": 5e-6}
    fused = kernel.fused_sgd(sizes, tuple(np.linspace(0, 1, 256)))

    @jax.jit
    def run(params, count):
        def call(_, params):
            return fused(params, raw, targets, order, jnp.int32(0), jnp.int32(steps))[0]

        return jax.lax.fori_loop(jnp.zeros_like(count), count, call, params)

    return lambda count: jax.block_until_ready(run(_params(item), jnp.int32(count)))


def row(item: Item, seconds: list[float]) -> dict:
    """A line of the raw results."""
    per = 200 if item.work == "fused" else item.batch
    found, operations = spread(seconds, per), item.operations()
    return {
        "section": item.section,
        "case": item.case,
        "cells": item.network.wiring.num_cells,
        "rule": "forward" if item.work == "score" else rule_label(item.rule),
        "work": item.work,
        "path": item.path,
        "batch": item.batch,
        "steps": item.num_steps,
        "threads": item.threads,
        "operations": operations,
        "gflops": None if operations is None else operations / found["us"] / 1e3,
        **found,
    }


def main() -> None:
    """Measure section by section, print, save."""
    options = arguments(__doc__)
    facts, rows = machine(), []
    for section in dict.fromkeys(item.section for item in items()):
        chosen = [item for item in items() if item.section == section]
        seconds = measure({item: task(item) for item in chosen}, options.rounds)
        for item in chosen:
            rows.append(row(item, seconds[item]))
            _print(rows[-1])
    after = machine()
    for name in ("peak_gflops_float32", "peak_gflops_float64"):
        facts[name] = max(facts[name] or 0, after[name] or 0) or None
    facts["load_after"] = after["load_before"]
    save(options.save, "leaky", {"machine": facts, "rounds": options.rounds, "rows": rows})


@functools.cache
def _print_heading() -> None:
    print(
        "section   case         rule                    path            batch steps thr  us/image"
    )


def _print(line: dict) -> None:
    _print_heading()
    gflops = "" if line["gflops"] is None else f"  {line['gflops']:.1f} GFLOP/s"
    print(
        f"{line['section']:9} {line['case']:12} {line['rule'] + ' ' + line['work']:23} "
        f"{line['path']:15} {line['batch']:5} {line['steps']:5} {line['threads']:3} "
        f"{line['us']:9.2f} ({line['us_min']:.2f} .. {line['us_max']:.2f}){gflops}",
        flush=True,
    )


if __name__ == "__main__":
    main()
