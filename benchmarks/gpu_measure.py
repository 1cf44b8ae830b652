"""How gpu.py compares and times; see there."""

import time
from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from latticework.train import OptimiserConfig, build

Line = dict[str, Any]
Step = tuple[str, Callable[[], Line]]
"""What is measured, in words, and how."""

# Of float32, in TFLOP/s outside the matrix units, as the makers state them.
PEAKS = {"H100": 66.9, "H200": 66.9, "A100": 19.5, "L40": 90.5, "4090": 82.6, "V100": 15.7}
"""By a part of the device's name."""

# A product of n terms of float32 is off by about sqrt(n) * 6e-8 of its largest term; all of these
# chain a few hundred operations, gradients twice as many. A wrong program is off by 1e-2 and more.
LIMIT = 1e-4
"""Largest error that still counts as rounding, relative to the largest value of an array."""


def truth(definition: Callable, arrays: Any) -> Any:
    """What the definition makes of a tree of arrays, in float64 on the processor."""
    with jax.default_device(jax.devices("cpu")[0]):
        return jax.tree.map(np.asarray, jax.jit(definition)(jax.tree.map(_wide, arrays)))


def error_of(single: Callable, arrays: Any, expected: Any, *, rounds: bool = True) -> Line:
    """The largest error of what `single` makes of the same arrays in float32 on the device.

    In full float32, which must be right; where `single` `rounds`, since it has products, also with
    products as they are when nothing is said: a GPU may cut their factors to 10 bits.
    """
    given = jax.device_put(arrays)
    with jax.default_matmul_precision("highest"):
        line = judged(worst(jax.jit(lambda given: single(given))(given), expected))
    if rounds:
        line["error_default"] = _finite(worst(jax.jit(single)(given), expected))
    return line


def judged(error: float) -> Line:
    """Whether an error is rounding; what is no number is none, and wrong."""
    ok = bool(error < LIMIT)
    return {"kind": "parity", "error": _finite(error), "limit": LIMIT, "ok": ok}


def _finite(error: float) -> float | None:
    return error if np.isfinite(error) else None


def _wide(leaf: Any) -> Any:
    leaf = np.asarray(leaf)
    return leaf.astype(np.float64) if leaf.dtype == np.float32 else leaf


def worst(got: Any, expected: Any) -> float:
    """Largest difference of two trees, each array's relative to its largest value."""
    pairs = zip(jax.tree.leaves(got), jax.tree.leaves(expected), strict=True)
    each = [
        np.max(np.abs(np.asarray(a, np.float64) - b)) / (np.max(np.abs(b)) or 1) for a, b in pairs
    ]
    # numpy's maximum does not lose what is no number, as Python's does.
    return float(np.max(each))


def timed(call: Callable, state: Any, repeat: float, *, chains: bool = False) -> Line:
    """Seconds per call of `call(state)`, compiled; with `chains` it returns the next state.

    A chained call may use its argument's memory up.
    """
    state = jax.block_until_ready(jax.device_put(state))
    start = time.perf_counter()
    compiled = jax.jit(call, donate_argnums=(0,) if chains else ()).lower(state).compile()
    compile_s = time.perf_counter() - start
    seconds: list[float] = []
    warming = 2
    while len(seconds) < 5 or (sum(seconds) < repeat and len(seconds) < 500):
        start = time.perf_counter()
        got = jax.block_until_ready(compiled(state))
        taken = time.perf_counter() - start
        state = got if chains else state
        if warming:
            warming -= 1
        else:
            seconds.append(taken)
    return {"kind": "timing", "compile_s": compile_s, **spread(seconds)}


def spread(seconds: list[float]) -> Line:
    return {
        "median_s": float(np.median(seconds)),
        "min_s": min(seconds),
        "max_s": max(seconds),
        "repeats": len(seconds),
    }


def peak() -> float | None:
    """Multiply-adds of this device in float32, operations per second, where its name says."""
    kind = jax.devices()[0].device_kind
    return next((1e12 * tera for name, tera in PEAKS.items() if name in kind), None)


def share(line: Line, operations: float) -> Line:
    per_second = operations / line["median_s"]
    best = peak()
    of_peak = {} if best is None else {"of_peak": per_second / best}
    return {**line, "gflops": per_second / 1e9, **of_peak}


def training(learner: Any, optimiser: OptimiserConfig) -> Callable:
    """One step of training as `state -> state`; the state carries the batch along."""

    def step(state: Any) -> Any:
        params, memory, inputs, targets, key = state
        update = learner.updates(params, inputs, targets, key)
        transform = build(optimiser, 1000, params)
        change, memory = transform.update(update.direction, memory, params)
        return jax.tree.map(jnp.add, params, change), memory, inputs, targets, key

    return step


def random_batch(rng: np.random.Generator, *shape: int) -> np.ndarray:
    return rng.random(shape, np.float32)


def directions(learner: Any, arrays: Any) -> Any:
    """Scores, loss and directions of a batch."""
    params, inputs, targets = arrays
    update = learner.updates(params, inputs, targets, jax.random.split(jax.random.key(0), 1))
    return learner.scores(params, inputs[0]), update.loss, update.direction
