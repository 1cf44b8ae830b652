"""Everything that a GPU has to show, in one run of eight minutes at most: parity, then speed.

    PYTHONPATH=src python benchmarks/gpu.py --out results/gpu

Needs no network, no data set and no installation: Python 3.11 or newer, JAX with CUDA, and the
packages `NEEDED` (the wheels may be carried along). The kernel `cuda` has to be compiled before, by
`make gpu-kernel`. With torch the cube is timed in plain torch as well. Images are random.

    PYTHONPATH=src python benchmarks/gpu.py --only cuda-parity cuda shifted

runs some parts again, here in under a minute, and leaves what is known of the others.

Every part runs in a process of its own with a limit of its own, since a kernel that reads where it
must not spoils the device for the whole process, and a compilation cannot be interrupted. What a
part has found is written at once to OUT/<device>.json: a part that fails, hangs or crashes costs
what it had left to say and nothing else.

How it measures: data and parameters are on the device before the clock runs; compilation is timed
apart; a call is waited for (block_until_ready); after two calls that do not count, calls are
repeated for at least `--repeat` seconds and five times; the median, fastest and slowest are kept.
Training steps give their parameters and optimiser state away (donated buffers) and take up what
came back. Errors are relative to the largest value of each array, the reference is the definition
in float64 on the processor of the same machine.
"""

import argparse
import importlib.util
import json
import os
import queue
import re
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

NEEDED = ("jax", "optax", "jaxtyping", "numpy", "rich", "safetensors", "sklearn", "PIL")
"""Modules without which nothing here can run."""

BUDGETS = {
    "cuda-parity": 60,
    "cuda": 30,
    "device": 30,
    "shifted-parity": 50,
    "shifted": 40,
    "glom-parity": 35,
    "glom": 60,
    "leaky-parity": 60,
    "leaky": 45,
    "torch": 35,
    "tnn-parity": 30,
    "tnn": 30,
}
"""Parts in the order of their importance, and the most seconds for each."""

SMALL_BUDGET = 600
"""Seconds for a part of `--small`, which is for machines that have other things to do."""

Line = dict[str, Any]


def lines_of(command: Sequence[str], seconds: float) -> Iterator[Line]:
    """What a process says, one JSON value per line, as it comes; in the end how it ended.

    The last line is `{"end": "done"}`, or says why the process was not done.
    """
    process = subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, errors="replace"
    )
    said: queue.Queue[str | None] = queue.Queue()
    complaints: list[str] = []

    def read() -> None:
        for line in process.stdout or ():
            said.put(line)
        said.put(None)

    readers = [
        threading.Thread(target=read, daemon=True),
        threading.Thread(target=lambda: complaints.extend(process.stderr or ()), daemon=True),
    ]
    for reader in readers:
        reader.start()
    deadline = time.monotonic() + seconds
    try:
        while True:
            try:
                line = said.get(timeout=max(deadline - time.monotonic(), 0))
            except queue.Empty:
                yield {"end": f"cut off after {seconds:.0f} s"}
                return
            if line is None:
                break
            if line.startswith("{"):
                yield json.loads(line)
        status = process.wait()
        readers[1].join()
        reason = "".join(complaints)[-600:].strip()
        yield {"end": "done" if status == 0 else f"ended with status {status}: {reason}"}
    finally:
        process.kill()
        process.wait()
        for reader in readers:
            reader.join()
        for pipe in (process.stdout, process.stderr):
            if pipe is not None:
                pipe.close()


def run_parts(
    budgets: Mapping[str, float],
    command: Callable[[str], Sequence[str]],
    seconds: float,
    keep: Callable[[list[Line]], None],
) -> list[Line]:
    """Run the parts one after the other; `keep` gets all lines so far whenever there is a new one.

    When less time is left than the parts are allowed, the last ones get what is left, and those
    after them are named as not run.
    """
    found: list[Line] = []
    end = time.monotonic() + seconds
    for part, budget in budgets.items():
        left = end - time.monotonic()
        given = [{"end": "not run: the time was used up"}] if left < 5 else None
        for line in given or lines_of(command(part), min(budget, left)):
            found.append({"part": part, **line})
            keep(found)
    return found


def keeper(out: Path, about: Line, again: Iterable[str] = BUDGETS) -> Callable[[list[Line]], None]:
    """Writes the record after every line, under the name of the device once that is known.

    What an earlier run there found of other parts than those that run `again` stays.
    """

    def keep(found: list[Line]) -> None:
        line = found[-1]
        print("  ".join(f"{name} {_short(value)}" for name, value in line.items()), flush=True)
        device = next((one["device"] for one in found if "device" in one), "unknown")
        path = out / (re.sub(r"[^A-Za-z0-9]+", "-", device).strip("-").lower() + ".json")
        earlier = json.loads(path.read_text()) if path.exists() else {"lines": []}
        others = set(BUDGETS) - set(again) if earlier.get("small") == about["small"] else set()
        lines = [*(one for one in earlier["lines"] if one["part"] in others), *found]
        order = list(BUDGETS)
        lines.sort(key=lambda one: order.index(one["part"]) if one["part"] in order else len(order))
        temporary = path.with_suffix(".part")
        temporary.write_text(json.dumps({**about, "device": device, "lines": lines}, indent=1))
        temporary.replace(path)

    return keep


def _short(value: Any) -> str:
    return f"{value:.4g}" if isinstance(value, float) else str(value)


def missing() -> list[str]:
    """Needed modules that are not here."""
    return [name for name in NEEDED if importlib.util.find_spec(name) is None]


def main(argv: Sequence[str] | None = None) -> int:
    """Run all parts, or be one of them."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--out", type=Path, default=Path("results/gpu"))
    parser.add_argument("--seconds", type=float, default=470, help="for everything")
    parser.add_argument(
        "--repeat", type=float, default=0.5, help="seconds of repetition per timing"
    )
    parser.add_argument("--small", action="store_true", help="sizes that a processor manages")
    parser.add_argument(
        "--only", nargs="+", choices=BUDGETS, help="these parts, beside what is there"
    )
    parser.add_argument("--part", choices=BUDGETS, help=argparse.SUPPRESS)
    options = parser.parse_args(argv)
    source = Path(__file__).resolve().parent.parent / "src"
    if importlib.util.find_spec("latticework") is None:
        sys.path.insert(0, str(source))
    if lacking := missing():
        print(
            f"gpu.py needs {', '.join(lacking)}; install or carry along its wheels", file=sys.stderr
        )
        return 2
    if options.part:
        from gpu_parts import say

        return say(options.part, small=options.small, repeat=options.repeat)
    os.environ["PYTHONPATH"] = os.pathsep.join(
        part for part in (str(source), os.environ.get("PYTHONPATH")) if part
    )
    # The references are computed on the processor, beside the GPU; and half of the device's memory
    # must not be taken before anybody asks.
    if (platforms := os.environ.get("JAX_PLATFORMS")) and "cpu" not in platforms:
        os.environ["JAX_PLATFORMS"] = f"{platforms},cpu"
    os.environ.setdefault("XLA_PYTHON_CLIENT_PREALLOCATE", "false")
    # Whoever ends this program ends the part that runs, which would go on holding the device.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    options.out.mkdir(parents=True, exist_ok=True)
    words = [sys.executable, __file__, "--repeat", str(options.repeat)]
    words += ["--small"] if options.small else []
    budgets = {
        name: SMALL_BUDGET if options.small else budget
        for name, budget in BUDGETS.items()
        if not options.only or name in options.only
    }
    started = time.time()
    about = {"started": time.strftime("%Y-%m-%d", time.gmtime(started)), "small": options.small}
    found = run_parts(
        budgets,
        lambda part: [*words, "--part", part],
        options.seconds,
        keeper(options.out, about, budgets),
    )
    faults = [one for one in found if isinstance(one.get("error"), str) or one.get("ok") is False]
    faults += [one for one in found if one.get("end", "done") != "done"]
    print(f"{len(found)} lines in {time.time() - started:.0f} s, {len(faults)} faults")
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
