"""Memory and time of a gridnet's training step, with `--remat` and without.

    python benchmarks/remat.py --save .

Each case runs in a process of its own: one step to compile and warm up, then the median of a few.
Peak memory is the largest resident set of the process less what it was before the first step, so
that libraries are left out; the compiler's own is in it.
"""

import argparse
import json
import resource
import subprocess
import sys
import time
from pathlib import Path
from statistics import median

import jax
import jax.numpy as jnp
import numpy as np
from harness import machine, save

from latticework.models import Gridnet, GridnetLearner, ImageFace
from latticework.schedules import Blocked
from latticework.topologies import Lattice

BATCH, STEPS = 32, 3
CASES = [("native", 16), ("native", 64), ("native", 256)]
"""Kernel and outer steps of the published cube. With `shifted` --remat changes nothing."""


def one(kernel: str, outer: int, remat: bool) -> dict:
    """Seconds and gigabytes of a gradient."""
    lattice = Lattice((32,) * 3)
    net = Gridnet(lattice, image=ImageFace(), schedule=Blocked(), outer_steps=outer)
    learner = GridnetLearner(net, kernel_name=kernel, remat=remat)
    params = learner.init([0])
    rng = np.random.default_rng(0)
    images = jnp.asarray(rng.standard_normal((1, BATCH, 28, 28)), jnp.float32)
    targets = jnp.asarray(rng.integers(0, 10, (1, BATCH)), jnp.int32)
    update = jax.jit(learner.updates)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    seconds = []
    for _ in range(STEPS + 1):
        start = time.perf_counter()
        jax.block_until_ready(update(params, images, targets, jax.random.key(0)[None]))
        seconds.append(time.perf_counter() - start)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before
    return {
        "kernel": kernel,
        "outer_steps": outer,
        "remat": remat,
        "seconds": median(seconds[1:]),
        "peak_gb": peak / 1e6,
    }


def main() -> None:
    """Every case, with and without."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--one", nargs=3, metavar=("KERNEL", "STEPS", "REMAT"), help="one case")
    parser.add_argument("--save", type=Path, help="a checkout into whose results/ it goes")
    options = parser.parse_args()
    if options.one:
        kernel, outer, remat = options.one
        print(json.dumps(one(kernel, int(outer), remat == "True")))
        return
    rows = []
    for kernel, outer in CASES:
        for remat in (False, True):
            words = [sys.executable, __file__, "--one", kernel, str(outer), str(remat)]
            done = subprocess.run(words, capture_output=True, text=True, check=True)
            rows.append(json.loads(done.stdout))
            print(rows[-1], flush=True)
    save(options.save, "remat", {"machine": machine(), "rounds": STEPS, "rows": rows})


if __name__ == "__main__":
    main()
