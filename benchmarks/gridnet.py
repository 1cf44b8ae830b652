"""The published MNIST gridnet (32^3 cells, 64 sweeps, batch 32): compiled kernel, XLA and torch.

    python benchmarks/gridnet.py --torch PYTHON --save .

`--torch` names a Python with torch in it; gridnet_torch.py, a plain torch model that gathers a
patch per cell, runs there. All run on the same threads, in turns. "xla" is the kernel `shifted`,
plain JAX. The torch model keeps about 12 MB per image and sweep, 25 GB for the whole batch, so it
is timed with fewer sweeps and scaled to 64 in proportion, which flatters it if anything: the parts
beside the sweeps count as sweeps.

On a GPU the kernel `cuda` takes the place of the compiled one, and XLA runs there too; the
published batch is 256.
"""

import argparse
import json
import os
import subprocess
import time
from collections.abc import Callable
from pathlib import Path
from statistics import median

import jax
import jax.numpy as jnp
import numpy as np
from harness import machine, save

from latticework.models import Gridnet, GridnetLearner, ImageFace
from latticework.schedules import Blocked
from latticework.topologies import Lattice
from latticework.train import OptimiserConfig, build

SIDE, OUTER, BATCH, BLOCK = 32, 64, 32, 8
FEWER = 4
"""Sweeps of torch."""
STEPS = 4
"""Training steps in one call."""


def network(outer: int) -> Gridnet:
    """The published model with so many sweeps."""
    return Gridnet(Lattice((SIDE,) * 3), image=ImageFace(), schedule=Blocked(), outer_steps=outer)


def ours(kernel: str, outer: int, batch: int) -> dict[str, Callable[[], object]]:
    """A forward pass and a training step with AdamW, compiled, as calls that wait."""
    learner = GridnetLearner(network(outer), kernel_name=kernel)
    config = OptimiserConfig(learning_rate=1e-3, weight_decay=1e-3)
    params = learner.init([0])
    transform = build(config, 1000, params)
    state = transform.init(params)
    rng = np.random.default_rng(0)
    images = jnp.asarray(rng.standard_normal((batch, 28, 28)), jnp.float32)
    targets = jnp.asarray(rng.integers(0, 10, batch), jnp.int32)
    key = jax.random.key(0)[None]

    @jax.jit
    def forward(params):
        return learner.scores(params, images)

    # Several steps in one call, as in training, where the memory for states is found once per call.
    @jax.jit
    def steps(params, state):
        def one(_, carry):
            params, state = carry
            update = learner.updates(params, images[None], targets[None], key)
            change, state = transform.update(update.direction, state, params)
            return jax.tree.map(jnp.add, params, change), state

        return jax.lax.fori_loop(0, STEPS, one, (params, state))

    return {
        "forward": lambda: jax.block_until_ready(forward(params)),
        "step": lambda: jax.block_until_ready(steps(params, state)),
    }


def timed(run: Callable[[], object], calls: int) -> dict[str, float]:
    """Wall and processor seconds per unit of work, the better of two as for torch.

    What ran before has given its memory back; the first call afterwards pays for getting it again,
    which a training run pays once.
    """
    both = []
    for _ in range(2):
        start, used = time.perf_counter(), time.process_time()
        run()
        wall, processor = time.perf_counter() - start, time.process_time() - used
        both.append({"wall_s": wall / calls, "cpu_s": processor / calls})
    return min(both, key=lambda one: one["wall_s"])


def torch_times(python: str, threads: int, batch: int) -> dict:
    """One round of the torch model, in a process of its own."""
    script = Path(__file__).with_name("gridnet_torch.py")
    words = [python, str(script), *map(str, (SIDE, BLOCK, FEWER, batch, 2, threads))]
    done = subprocess.run(words, capture_output=True, text=True, check=True)
    return json.loads(done.stdout)


def main() -> None:
    """Measure in turns, print, save."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--torch", help="a Python with torch")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--batch", type=int, default=BATCH)
    parser.add_argument("--save", type=Path, help="a checkout into whose results/ it goes")
    options = parser.parse_args()
    facts = machine()
    threads = len(os.sched_getaffinity(0))
    batch = options.batch
    on_gpu = jax.default_backend() == "gpu"
    kernel = "cuda" if on_gpu else "native"
    fast = ours(kernel, OUTER, batch)
    xla = ours("shifted", OUTER, batch)
    for name in ("forward", "step"):
        fast[name]()
        xla[name]()
    rounds: dict[str, list] = {kernel: [], "xla": [], "torch": []}
    for _ in range(options.rounds):
        for label, runs in ((kernel, fast), ("xla", xla)):
            rounds[label].append(
                {name: timed(run, 1 if name == "forward" else STEPS) for name, run in runs.items()}
            )
        if options.torch:
            rounds["torch"].append(torch_times(options.torch, threads, batch))
    flops = network(OUTER).operations() * batch
    scale = OUTER / FEWER
    seconds = {
        name: {
            kernel: median(one[name]["wall_s"] for one in rounds[kernel]),
            "xla": median(one[name]["wall_s"] for one in rounds["xla"]),
            **(
                {"torch": scale * median(min(one[name]["wall_s"]) for one in rounds["torch"])}
                if options.torch
                else {}
            ),
        }
        for name in ("forward", "step")
    }
    # The machine's peak is that of its processor.
    peak = None if on_gpu else facts["peak_gflops_float32"]
    peak = peak * threads if peak else None
    summary = {
        "seconds": seconds,
        "times_faster_than_torch": {
            name: one["torch"] / one[kernel] for name, one in seconds.items() if "torch" in one
        },
        "times_faster_than_xla": {n: one["xla"] / one[kernel] for n, one in seconds.items()},
        "forward_gflops": flops / seconds["forward"][kernel] / 1e9,
        "forward_share_of_peak": flops / seconds["forward"][kernel] / 1e9 / peak if peak else None,
        "step_gflops": 3 * flops / seconds["step"][kernel] / 1e9,
    }
    facts["load_after"] = os.getloadavg()[0]
    print(json.dumps(summary, indent=2))
    record = {
        "machine": facts,
        "threads": threads,
        "device": jax.devices()[0].device_kind,
        "model": {"side": SIDE, "outer_steps": OUTER, "batch": batch, "block": BLOCK},
        "sweeps_of_torch": FEWER,
        "stencil_flops_forward": flops,
        "summary": summary,
        "rounds": options.rounds,
        "each": rounds,
    }
    save(options.save, "gridnet", record)


if __name__ == "__main__":
    main()
