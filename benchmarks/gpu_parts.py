"""The parts of gpu.py: what each computes and times."""

import dataclasses
import functools
import json
from collections.abc import Callable, Iterator
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from gpu_cube import cube, cube_parity, torch
from gpu_measure import (
    Line,
    Step,
    directions,
    error_of,
    judged,
    random_batch,
    timed,
    training,
    truth,
    worst,
)

from latticework.core.task import Dataset
from latticework.kernels import KERNELS, Problem
from latticework.models import diagonal, grid, small_world, tree
from latticework.recipes import GlomRecipe, Prepared, WaveRecipe, recipe, require_leaky, run
from latticework.rules import Bptt, Broadcast, HopTrace
from latticework.train import build

PATHS = ("skewed_adjoint", "skewed_traces")
"""Kernels of the leaky family that XLA compiles."""

PARITY = "-parity"
"""How the names of parts end that compare with the definition; the others take time."""


def say(part: str, *, small: bool, repeat: float) -> int:
    """Take all steps of a part, each on its own; print a line for each."""
    # The reference is float64; timings are taken as JAX is used, without it.
    jax.config.update("jax_enable_x64", part.endswith(PARITY))
    print(json.dumps({"device": jax.devices()[0].device_kind}), flush=True)
    for name, step in PARTS[part](small, repeat):
        try:
            line = step()
        except Exception as error:  # the other steps may well work
            line = {"error": f"{type(error).__name__}: {' '.join(str(error).split())[:600]}"}
        print(json.dumps({"step": name, **line}), flush=True)
    return 0


def device(small: bool, repeat: float) -> Iterator[Step]:
    """What there is, and what it can do at most."""
    side = 256 if small else 8192

    def about() -> Line:
        first = jax.devices()[0]
        versions = {"jax": jax.__version__, "numpy": np.__version__}
        memory = (first.memory_stats() or {}).get("bytes_limit")
        return {
            "kind": "about",
            "device": first.device_kind,
            "platform": first.platform,
            "devices": len(jax.devices()),
            "memory_gb": None if memory is None else memory / 1e9,
            "versions": versions,
        }

    def product(precision: str) -> Line:
        one = random_batch(np.random.default_rng(0), side, side)
        call = functools.partial(jnp.matmul, precision=precision)
        line = timed(lambda one: call(one, one) / side, one, repeat, chains=True)
        return {**line, "path": precision, "gflops": 2 * side**3 / line["median_s"] / 1e9}

    def copy() -> Line:
        one = np.zeros((side, side, 2), np.float32)
        line = timed(lambda one: one + 1, one, repeat, chains=True)
        return {**line, "path": "xla", "gb_per_s": 2 * one.nbytes / line["median_s"] / 1e9}

    yield "device", about
    yield f"product of {side} x {side}", lambda: product("default")
    yield f"product of {side} x {side}", lambda: product("highest")
    yield "adding 1 to a large array", copy


def leaky_parity(small: bool, _: float) -> Iterator[Step]:
    """Every kernel of XLA on every kind of wiring."""
    sizes = (3, 4) if small else (7, 5)
    networks = {"grid": grid(*sizes)}
    if not small:
        networks |= {"tree": tree(), "diagonal": diagonal(10), "small world": small_world()}
    rules = {"one hop": HopTrace(1)}
    if not small:
        rules |= {"bptt": Bptt(), "broadcast": HopTrace(1, Broadcast())}
    for name, network in networks.items():
        for rule_name, rule in rules.items():
            problem = Problem(network, rule, "sum")
            known = functools.cache(functools.partial(_leaky_truth, problem))
            for path in PATHS:
                if KERNELS[path].refusal(problem) is None:
                    call = functools.partial(directions, KERNELS[path](problem))
                    yield (
                        f"{name}, {rule_name}",
                        functools.partial(_leaky_parity, call, path, known),
                    )


def leaky(small: bool, _: float) -> Iterator[Step]:
    """Epochs of the 28x10 grid."""
    for path in PATHS:
        yield "grid, epoch", lambda path=path: _leaky_epoch(path, small)


def _leaky_truth(problem: Problem) -> tuple[Any, Any]:
    """Arrays, and what the definition makes of them; the same for every path."""
    rng, wiring = np.random.default_rng(0), problem.network.wiring
    params = problem.network.init(jax.random.key(0))
    params = {name: np.asarray(value, np.float32)[None] for name, value in params.items()}
    inputs = random_batch(rng, 1, 4, 8, wiring.num_channels)
    targets = (np.arange(4)[None] % wiring.num_classes).astype(np.int32)
    arrays = (params, inputs, targets)
    return arrays, truth(functools.partial(directions, KERNELS["reference"](problem)), arrays)


def _leaky_parity(call: Callable, path: str, known: Callable[[], tuple[Any, Any]]) -> Line:
    arrays, expected = known()
    return {"path": path, **error_of(call, arrays, expected, rounds=False)}


def _leaky_epoch(path: str, small: bool) -> Line:
    """Training as the command does it, on random images; compilation is not counted."""
    one = require_leaky(recipe("grid-snap1-adam"), "this benchmark")
    examples, batch = (64, 32) if small else (9600, one.training.batch_size)
    training = dataclasses.replace(
        one.training, epochs=2, batch_size=batch, eval_subset=32, checkpoint_every_s=1e9
    )
    one = dataclasses.replace(one, training=training, kernel=path)
    rng = np.random.default_rng(0)
    images = rng.integers(0, 256, (examples + 32, 28, 28)).astype(np.uint8)
    classes = rng.integers(0, 10, examples + 32).astype(np.int32)
    data = Dataset(
        images[:examples], classes[:examples], images[examples:], classes[examples:], "random"
    )
    result = run(Prepared(one, data), [0])
    seconds = 60_000 / result.images_per_second
    return {
        "kind": "timing",
        "path": path,
        "batch": batch,
        "images_per_second": result.images_per_second,
        "note": f"60,000 images, from {2 * examples:,}",
        "median_s": seconds,
        "repeats": 2,
    }


def glom_parity(small: bool, _: float) -> Iterator[Step]:
    """A few columns."""
    yield "columns", lambda: _glom_parity(small)


def glom(small: bool, repeat: float) -> Iterator[Step]:
    """The published step."""
    for batch in (2,) if small else (60, 600):
        yield "published step", lambda batch=batch: _glom_step(batch, small, repeat)


def _glom(**changes: Any) -> GlomRecipe:
    one = recipe("glom-mnist-faithful")
    if not isinstance(one, GlomRecipe):
        raise TypeError("glom-mnist-faithful is no GlomRecipe")
    return dataclasses.replace(one, kernel="xla", **changes)


def _glom_arrays(learner: Any, batch: int) -> tuple[Any, np.ndarray, np.ndarray]:
    rng, net = np.random.default_rng(0), learner.network
    params = jax.tree.map(np.asarray, learner.init([0]))
    inputs = random_batch(rng, 1, batch, net.rows * net.cols, net.front.patch**2)
    return params, inputs, rng.integers(0, 10, (1, batch)).astype(np.int32)


def _fewer(learner: Any, side: int, steps: int | None) -> Any:
    net = learner.network
    settling = net.settling
    if steps is not None:
        settling = dataclasses.replace(
            settling, num_steps=steps, snapshots=type(settling.snapshots)((steps - 1,))
        )
    return dataclasses.replace(
        learner, network=dataclasses.replace(net, rows=side, cols=side, settling=settling)
    )


def _glom_parity(small: bool) -> Line:
    learner = _fewer(_glom().learner(), 4 if small else 8, 3)
    call = functools.partial(directions, learner)
    arrays = _glom_arrays(learner, 2)
    return {"path": "xla", **error_of(call, arrays, truth(call, arrays))}


def _glom_step(batch: int, small: bool, repeat: float) -> Line:
    one = _glom()
    learner = _fewer(one.learner(), 4, 3) if small else one.learner()
    params, inputs, targets = _glom_arrays(learner, batch)
    memory = build(one.optimiser, 1000, params).init(params)
    state = (params, memory, inputs, targets, jax.random.split(jax.random.key(0), 1))
    line = timed(training(learner, one.optimiser), state, repeat, chains=True)
    return {"path": "xla", "batch": batch, **line}


def tnn_parity(small: bool, _: float) -> Iterator[Step]:
    """Waves of spikes: the same spikes and weights as on the processor."""
    yield "waves", lambda: _tnn_parity(10 if small else 30)


def tnn(small: bool, repeat: float) -> Iterator[Step]:
    """Waves of spikes: images per second."""
    for seeds in (1,) if small else (1, 10):
        yield "waves, learning", lambda seeds=seeds: _tnn_time(seeds, 2 if small else 10, repeat)


def _tnn(images: int, seeds: int) -> tuple[Any, tuple[Any, np.ndarray]]:
    one = recipe("tnn-v8")
    if not isinstance(one, WaveRecipe):
        raise TypeError("tnn-v8 is no WaveRecipe")
    learner = dataclasses.replace(one.learner(), kernel_name="reference")
    raw = np.random.default_rng(0).integers(0, 256, (images, 28, 28)).astype(np.uint8)
    raw *= np.random.default_rng(1).random(raw.shape) < 0.5  # where all is ink nothing fires
    pixels = np.asarray(one.task.encode(jnp.asarray(raw)))
    params = jax.tree.map(np.asarray, learner.init(range(seeds)))
    return learner, (params, np.broadcast_to(pixels[None], (seeds, *pixels.shape)).copy())


def _tnn_parity(images: int) -> Line:
    """In float32 on both: the definition counts in whole numbers, so spikes are equal or wrong."""
    learner, arrays = _tnn(images, 1)

    def call(arrays: Any) -> Any:
        params, pixels = arrays
        learned = learner.learn(params, pixels, 0)
        return learned["weights"], learner.features(learned, pixels).astype(jnp.float32)

    with jax.default_device(jax.devices("cpu")[0]):
        expected = jax.tree.map(np.asarray, jax.jit(call)(arrays))
    got = jax.tree.map(np.asarray, jax.jit(lambda given: call(given))(jax.device_put(arrays)))
    spikes = float(np.sum(expected[1]))
    line = judged(worst(got, expected))
    return {**line, "path": "reference", "ok": line["ok"] and spikes > 0, "spikes": spikes}


def _tnn_time(seeds: int, images: int, repeat: float) -> Line:
    learner, arrays = _tnn(images, seeds)

    def call(arrays: Any) -> Any:
        params, pixels = arrays
        return learner.learn(params, pixels, 0), pixels

    line = timed(call, arrays, repeat, chains=True)
    rate = seeds * images / line["median_s"]
    return {"path": "reference", "batch": seeds, **line, "images_per_second": rate}


PARTS: dict[str, Callable[[bool, float], Iterator[Step]]] = {
    "cuda-parity": functools.partial(cube_parity, "cuda"),
    "cuda": functools.partial(cube, "cuda"),
    "device": device,
    "shifted-parity": functools.partial(cube_parity, "shifted"),
    "shifted": functools.partial(cube, "shifted"),
    "leaky-parity": leaky_parity,
    "leaky": leaky,
    "glom-parity": glom_parity,
    "glom": glom,
    "tnn-parity": tnn_parity,
    "tnn": tnn,
    "torch": torch,
}
