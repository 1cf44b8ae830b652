"""A training step of the published GLOM: ours beside a plain torch implementation, in turns.

    python benchmarks/glom.py --torch PYTHON --save .

PYTHON is the interpreter of an environment with torch==2.13.0. Each implementation runs in a
process of its own, 28 x 28 columns, 30 steps, dropout, noise, snapshots, Adam; float32. A step of
ours is a whole step of `glom-mnist-faithful`. First steps are not counted; then they take turns. A
batch of ours alone is one step, for its memory.
Peak memory is the largest resident set of the process, interpreter and libraries included.
"""

import argparse
import json
import os
import resource
import subprocess
import sys
import time
from pathlib import Path

import jax
import jax.numpy as jnp
import numpy as np
from harness import machine, save

from latticework.recipes import recipe
from latticework.train.optimisers import build

HERE = Path(__file__).resolve().parent


def serve() -> None:
    """Our side: batch sizes in, one JSON line per training step out."""
    one = recipe("glom-mnist-faithful")
    learner = one.learner()
    params = learner.init([0])
    transform = build(one.optimiser, 6000, params)

    @jax.jit
    def step(params, memory, inputs, targets, key):
        update = learner.updates(params, inputs, targets, key)
        change, memory = transform.update(update.direction, memory, params)
        return jax.tree.map(jnp.add, params, change), memory, update.loss

    memory = transform.init(params)
    compiled: set[int] = set()
    print(json.dumps({"kernel": learner.kernel, "jax": jax.__version__}), flush=True)
    rng = np.random.default_rng(0)
    for line in sys.stdin:
        batch = int(line)
        inputs = jnp.asarray(rng.random((1, batch, 784, 1)), jnp.float32)
        targets = jnp.asarray(rng.integers(0, 10, (1, batch)), jnp.int32)
        key = jax.random.split(jax.random.key(batch), 1)
        if batch not in compiled:  # compilation is no step
            step.lower(params, memory, inputs, targets, key).compile()
            compiled.add(batch)
        start, used = time.perf_counter(), time.process_time()
        params, memory, loss = jax.block_until_ready(step(params, memory, inputs, targets, key))
        answer = {
            "wall": time.perf_counter() - start,
            "cpu": time.process_time() - used,
            "peak_gb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6,
            "loss": float(loss[0]),
        }
        print(json.dumps(answer), flush=True)


class Worker:
    """A process that takes steps when it is told to."""

    def __init__(self, command: list[str], threads: int) -> None:
        # Large blocks mapped one by one: without this the torch side fragments its heap and, at
        # batch 60, needs 15 GB and more.
        env = {
            **os.environ,
            "OMP_NUM_THREADS": str(threads),
            "OMP_WAIT_POLICY": "passive",
            "LATTICEWORK_THREADS": str(threads),
            "MALLOC_MMAP_THRESHOLD_": "1048576",
        }
        self.process = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=env
        )
        self.about = self._answer()

    def _answer(self) -> dict:
        stdout = self.process.stdout
        line = "" if stdout is None else stdout.readline()
        if not line:
            raise SystemExit(f"{self.process.args} ended; it may have run out of memory")
        return json.loads(line)

    def step(self, batch: int) -> dict:
        """One training step."""
        stdin = self.process.stdin
        if stdin is not None:
            stdin.write(f"{batch}\n")
            stdin.flush()
        return self._answer()

    def close(self) -> None:
        """End the process."""
        if self.process.stdin is not None:
            self.process.stdin.close()
        self.process.wait()


def compare(torch: str, batch: int, rounds: int, threads: int) -> dict:
    """Interleaved steps of both at one batch size, in fresh processes."""
    commands = {
        "ours": [sys.executable, str(HERE / "glom.py"), "--serve"],
        "torch": [torch, str(HERE / "glom_torch.py")],
    }
    if not torch:
        del commands["torch"]
    workers = {name: Worker(command, threads) for name, command in commands.items()}
    steps: dict[str, list[dict]] = {name: [] for name in workers}
    for number in range(rounds + 1):
        for name, worker in workers.items():
            taken = worker.step(batch)
            if number or rounds == 0:
                steps[name].append(taken)
            print(f"batch {batch}, {name}, {number}: {taken['wall']:.2f} s", flush=True)
    found: dict = {"batch": batch, "threads": threads, "load": os.getloadavg()[0]}
    for name, worker in workers.items():
        worker.close()
        each = steps[name]
        found[name] = {
            **worker.about,
            "wall": [one["wall"] for one in each],
            "cpu": [one["cpu"] for one in each],
            "wall_median": float(np.median([one["wall"] for one in each])),
            "cpu_median": float(np.median([one["cpu"] for one in each])),
            "peak_gb": max(one["peak_gb"] for one in each),
        }
    if torch:
        ours, theirs = found["ours"], found["torch"]
        found["faster_wall"] = theirs["wall_median"] / ours["wall_median"]
        found["faster_cpu"] = theirs["cpu_median"] / ours["cpu_median"]
        found["memory_share"] = ours["peak_gb"] / theirs["peak_gb"]
    return found


def main() -> None:
    """Measure, print, save."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--serve", action="store_true", help="be our side")
    parser.add_argument("--torch", default="", help="an interpreter that has torch")
    parser.add_argument("--batch", type=int, nargs="+", default=[6, 60], help="beside torch")
    parser.add_argument("--alone", type=int, nargs="*", default=[600], help="ours alone")
    parser.add_argument("--rounds", type=int, default=5, help="steps of each, after the first")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--save", type=Path, default=None)
    options = parser.parse_args()
    if options.serve:
        return serve()
    found = [
        compare(options.torch, batch, options.rounds, options.threads) for batch in options.batch
    ]
    found += [compare("", batch, 0, options.threads) for batch in options.alone]
    for one in found:
        print(json.dumps(one), flush=True)
    record = {"method": __doc__, "rounds": options.rounds, "machine": machine(), "steps": found}
    return save(options.save, "glom", record)


if __name__ == "__main__":
    main()
