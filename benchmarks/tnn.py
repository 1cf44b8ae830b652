"""Temporal networks: images per second of V8, and the time of the full table of versions.

    python benchmarks/tnn.py --save .
    python benchmarks/tnn.py --table --save .

V8 shows 28 waves of 16 steps per image to 100 neurons with 12,800 plastic weights. It has learned
from 1,000 images before anything is timed, so that its neurons fire as often as they will. Encoding
is part of a call. The published program does 7.3 images per CPU second with plasticity and 12.7
without; a plain re-simulation with numba about 1,020 and 4,670.
"""

import argparse
import time
from pathlib import Path

import jax
import jax.numpy as jnp
from harness import Task, machine, measure, save, spread

from latticework.models import TnnLearner
from latticework.recipes import Prepared, WaveRecipe, recipe, run
from latticework.studies.tnn import versions
from latticework.studies.training import load_once
from latticework.tasks import DataSource, without_fallback

PUBLISHED = {"learn": 7.3, "show": 12.7}
IMAGES = {"native": 500, "reference": 20}
SEEDS = 10


def speeds(rounds: int) -> list[dict]:
    """Images per second of both kernels, learning and not, one seed and several."""
    tasks: dict[tuple[str, str, int], Task] = {}
    cpu: dict[tuple[str, str, int], float] = {}
    for kernel, images in IMAGES.items():
        for seeds in (1, SEEDS) if kernel == "native" else (1,):
            for work in ("learn", "show"):
                task = _task(kernel, work, seeds, images)
                task(1)
                start = time.process_time()
                task(1)
                cpu[kernel, work, seeds] = time.process_time() - start
                tasks[kernel, work, seeds] = task
    lines = []
    for (kernel, work, seeds), seconds in measure(tasks, rounds).items():
        shown = IMAGES[kernel] * seeds
        found = spread(seconds, shown)
        lines.append(
            {
                "kernel": kernel,
                "work": work,
                "seeds": seeds,
                "images_per_second": 1e6 / found["us"],
                "images_per_cpu_second": shown / cpu[kernel, work, seeds],
                "published_images_per_cpu_second": PUBLISHED[work],
                **found,
            }
        )
        print(
            f"{kernel:<10} {work:<6} {seeds:>2} seeds  {lines[-1]['images_per_second']:>9,.0f} "
            f"images/s  {lines[-1]['images_per_cpu_second']:>9,.0f} per CPU second"
        )
    return lines


def _task(kernel: str, work: str, seeds: int, images: int) -> Task:
    """Shows so many images per call."""
    one = recipe("tnn-v8")
    assert isinstance(one, WaveRecipe)
    data = load_once(without_fallback(one.task), DataSource())
    trained = _trained(one, seeds, data.train_inputs[:1000])
    learner = TnnLearner(one.problem(), 28, one.code, one.classifier, "all", kernel)
    raw = jnp.asarray(data.train_inputs[1000 : 1000 + images])

    @jax.jit
    def call(params, raw):
        pixels = jnp.broadcast_to(one.task.encode(raw)[None], (seeds, images, 28, 28))
        if work == "learn":
            return learner.learn(params, pixels, 1000)["weights"]
        return learner.features(params, pixels)

    def task(times: int) -> None:
        for _ in range(times):
            jax.block_until_ready(call(trained, raw))

    return task


def _trained(one: WaveRecipe, seeds: int, raw):
    """V8 after 1,000 images."""
    learner = one.learner()
    pixels = jnp.broadcast_to(one.task.encode(jnp.asarray(raw))[None], (seeds, 1000, 28, 28))
    return jax.jit(learner.learn)(learner.init(range(seeds)), pixels, 0)


def table() -> list[dict]:
    """Every version as it stands, ten seeds each: learn, read, test; compilation included."""
    lines = []
    for name, one in versions().items():
        start = time.perf_counter()
        data = load_once(without_fallback(one.task), DataSource())
        run(Prepared(one, data), range(SEEDS))
        lines.append({"recipe": name, "seconds": time.perf_counter() - start})
        print(f"{name:<32} {lines[-1]['seconds']:6.1f} s", flush=True)
    print(f"{len(lines)} versions in {sum(line['seconds'] for line in lines):.0f} s")
    return lines


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=9, help="rounds per task")
    parser.add_argument("--table", action="store_true", help="time the full table instead")
    parser.add_argument(
        "--save", type=Path, default=None, help="a checkout into whose results/ it goes"
    )
    options = parser.parse_args()
    before = machine()
    if options.table:
        timed = table()
        total = sum(line["seconds"] for line in timed)
        record = {"machine": before, "seeds": SEEDS, "seconds": total, "versions": timed}
        save(options.save, "tnn-table", record)
    else:
        save(options.save, "tnn", {"machine": before, "speeds": speeds(options.rounds)})
