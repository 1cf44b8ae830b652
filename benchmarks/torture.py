"""Kill runs at random, start them in pairs, take them up twice: nothing may be lost or mixed.

    python benchmarks/torture.py [--kills 200] [--pairs 50] [--save results/torture.json]

Small runs of all four families, on generated data and embedded digits, save after every step. Each
is a process of its own, forked before JAX has started anything, and compiled programs are kept in a
folder, so that a process costs about a second. `make torture` writes `results/torture.json`.

- *Kills*: a run is killed (SIGKILL) when it has taken a random number of steps and a random time
  more, and is then taken up until it ends. Parameters, optimiser state, records and result must be
  those of a run that nobody disturbed, bit for bit, but for times and the run's own identity.
- *Pairs*: two processes begin together, without a folder (both must end, each in a folder of its
  own) or both in a named one (one ends, the other is refused).
- *Double resumes*: two processes take up one folder together (one ends, the other is refused).
"""

import argparse
import dataclasses
import functools
import json
import os
import platform
import random
import re
import shutil
import signal
import sys
import tempfile
import time
import warnings
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

os.environ.setdefault("JAX_PLATFORMS", "cpu")
os.environ.setdefault(
    "XLA_FLAGS", "--xla_backend_optimization_level=0 --xla_cpu_multi_thread_eigen=false"
)
os.environ["JAX_PERSISTENT_CACHE_MIN_COMPILE_TIME_SECS"] = "0"

import jax
import safetensors.numpy
from sklearn.datasets import load_digits

from latticework.readouts import SigmoidSgd
from latticework.recipes import AbstractRecipe, WaveRecipe, prepare, recipe, run
from latticework.rules import Stdp
from latticework.tasks import Bump, DataSource, WaveImage
from latticework.topologies import Buffer, Column, Columns, Grid, Inputs, Link, Uniform
from latticework.train import (
    Protocol,
    SilentProgress,
    StagingConfig,
    TrainingConfig,
    run_folder,
    write_json,
)
from latticework.train.results import versions

load_digits()  # read once, before the forks
OFFLINE = DataSource(offline=True)
SEEDS = (0, 1)
OWN = ("run", "seconds", "train_seconds", "images_per_second")
"""What differs between equal runs: the identity and the times."""

ENDED, REFUSED, BROKEN = 0, 3, 4


def small(name: str, epochs: int, batch: int, size: int, **changes: Any) -> AbstractRecipe:
    """A recipe of the catalogue on few examples, saved after every step."""
    training = TrainingConfig(
        epochs=epochs,
        batch_size=batch,
        train_size=size,
        eval_subset=30,
        eval_batch=30,
        chunk_steps=1,
        checkpoint_every_s=0,
    )
    whole = recipe(name)
    optimiser = dataclasses.replace(whole.optimiser, warmup_steps=0)
    return dataclasses.replace(whole, training=training, optimiser=optimiser, **changes)


def families() -> dict[str, AbstractRecipe]:
    """One small recipe of each family."""
    bump = Bump(num_classes=3, num_channels=4, num_steps=12, num_train=120, num_test=60)
    gridnet, glom = recipe("gridnet-mnist"), recipe("glom-mnist")
    digits = {
        one.name: dataclasses.replace(one.task, dataset="digits")  # pyright: ignore
        for one in (gridnet, glom)
    }
    tnn = WaveRecipe(
        "tnn-small",
        "rows of the middle, a column and a buffer",
        "torture",
        task=WaveImage("digits", crop=10, lines=5, stride=5),
        staging=StagingConfig(batch=8, checkpoint_every_s=0),
        wiring=Columns(
            (Inputs("row"),),
            (Column("c", 12, 40, 3),),
            (Buffer("b", "c"),),
            (Link("row", "c", Uniform(4), Stdp(40, 40, 8)), Link("b", "c", Uniform(4))),
        ),
        classifier=SigmoidSgd(epochs=2, learning_rate=1e-3),
        protocol=Protocol(examples=160),
    )
    return {
        "leaky": small("synthetic-snap1", 4, 20, 120, task=bump, topology=Grid(4, 3)),
        "gridnet": small(gridnet.name, 2, 8, 64, task=digits[gridnet.name], outer_steps=2),
        "glom": small(glom.name, 2, 8, 64, task=digits[glom.name]),
        "tnn": tnn,
    }


class Heartbeat(SilentProgress):
    """A byte into a pipe for every step."""

    def __init__(self, pipe: int) -> None:
        self._pipe = pipe

    def moment(self, moment: Any) -> None:
        """Say that a step was taken."""
        os.write(self._pipe, b".")


class Child(NamedTuple):
    """A forked run."""

    pid: int
    pipe: int

    def steps(self, count: int) -> bool:
        """Wait for so many steps; whether they came before the end."""
        return all(os.read(self.pipe, 1) for _ in range(count))

    def end(self) -> int:
        """Wait for the end: the exit status, or minus the signal."""
        while os.read(self.pipe, 1 << 16):
            pass
        os.close(self.pipe)
        return os.waitstatus_to_exitcode(os.waitpid(self.pid, 0)[1])


def start(
    one: AbstractRecipe,
    folder: Path | None,
    resume: bool = False,
    at: Callable[[], None] = lambda: None,
) -> Child:
    """Fork a run; what a refusal says is kept beside the runs."""
    read, write = os.pipe()
    pid = os.fork()
    if pid:
        os.close(write)
        return Child(pid, read)
    os.close(read)
    status = BROKEN
    try:
        prepared = prepare(one, OFFLINE)
        at()
        with run_folder(folder, one.name) as path:
            run(prepared, SEEDS, run_dir=path, resume=resume, progress=Heartbeat(write))
        status = ENDED
    except (ValueError, OSError) as error:
        Path(f"refusal-{os.getpid()}").write_text(str(error))
        status = REFUSED
    except BaseException as error:
        Path(f"broken-{os.getpid()}").write_text(repr(error))
    finally:
        os._exit(status)


def left(folder: Path) -> dict[str, Any]:
    """All that a run leaves behind, but for what is its own; arrays as bytes."""
    records = [json.loads(line) for line in (folder / "metrics.jsonl").read_text().splitlines()]
    result = json.loads((folder / "result.json").read_text())
    asked = json.loads((folder / "recipe.json").read_text())
    identities = {value["run"] for value in (*records, result, asked)}
    arrays = safetensors.numpy.load_file(folder / "checkpoint.safetensors")
    for value in (*records, result, asked):
        for name in OWN:
            value.pop(name, None)
    return {
        "records": records,
        "result": result,
        "recipe": asked,
        "arrays": {name: (array.dtype.str, array.tobytes()) for name, array in arrays.items()},
        "identities": len(identities),
        "files": sorted(path.name for path in folder.iterdir()),
    }


def kills(
    one: AbstractRecipe, expected: dict[str, Any], steps: int, count: int, rng: random.Random
) -> Iterator[str]:
    """Kill and take up, twice in a row at most; a word for every kill and every resume."""
    folder, done = Path("killed"), 0
    while done < count:
        shutil.rmtree(folder, ignore_errors=True)
        killed = 0
        while True:
            has_begun = (folder / "recipe.json").exists()
            child = start(one, folder, resume=has_begun)
            if done + killed < count and killed < 2:
                child.steps(rng.randrange(steps))
                time.sleep(rng.random() * 0.02)
                os.kill(child.pid, signal.SIGKILL)
            status = child.end()
            if status == -signal.SIGKILL:
                killed += 1
                yield "kills"
                continue
            if status != ENDED:
                yield "resumes that failed"
            break
        done += killed
        ours = left(folder)
        for _ in range(killed):
            yield f"resumes that were {'bit-identical' if ours == expected else 'different'}"


def outcome(statuses: list[int], folders: list[Path], expected: dict[str, Any], ends: int) -> str:
    """What became of two processes, `ends` of which should have come to their end."""
    if sorted(statuses) != sorted([ENDED] * ends + [REFUSED] * (2 - ends)):
        return f"wrong outcome {sorted(statuses)}"
    if len(folders) != len(statuses) // (3 - ends):
        return "shared folder"
    return "right" if all(left(folder) == expected for folder in folders) else "mixed folder"


def together(starts: list[Callable[..., Child]]) -> list[int]:
    """Let processes come to the beginning of their runs, then go at one moment."""
    gate_read, gate_write = os.pipe()
    ready_read, ready_write = os.pipe()

    def at() -> None:
        os.close(gate_write)
        os.write(ready_write, b".")
        os.read(gate_read, 1)  # until the gate is closed everywhere

    children = [begin(at=at) for begin in starts]
    os.close(ready_write)
    for _ in children:
        os.read(ready_read, 1)
    os.close(gate_write)
    statuses = [child.end() for child in children]
    os.close(gate_read)
    os.close(ready_read)
    return statuses


def pairs(one: AbstractRecipe, expected: dict[str, Any], count: int) -> Iterator[str]:
    """Begin two together, in turn without and with a named folder."""
    for number in range(count):
        named = None if number % 2 else Path("named")
        for folder in ("runs", "named"):
            shutil.rmtree(folder, ignore_errors=True)
        statuses = together([functools.partial(start, one, named)] * 2)
        folders = sorted(Path("runs").glob("*")) if named is None else [named]
        kind = "pairs without a folder" if named is None else "pairs in a named folder"
        yield f"{kind}: {outcome(statuses, folders, expected, 2 if named is None else 1)}"


def double_resumes(
    one: AbstractRecipe, expected: dict[str, Any], count: int, rng: random.Random
) -> Iterator[str]:
    """Kill a run once; then take up copies of its folder, two processes at a time."""
    shutil.rmtree("cut", ignore_errors=True)
    child = start(one, Path("cut"))
    child.steps(rng.randrange(2, 6))
    os.kill(child.pid, signal.SIGKILL)
    child.end()
    for _ in range(count):
        folder = Path("twice")
        shutil.rmtree(folder, ignore_errors=True)
        shutil.copytree("cut", folder)
        statuses = together([functools.partial(start, one, folder, True)] * 2)
        # On a busy machine one may have come to its end before the other asked.
        in_turn = statuses == [ENDED, ENDED]
        word = "right" if in_turn and left(folder) == expected else None
        yield f"double resumes: {word or outcome(statuses, [folder], expected, 1)}"


def undisturbed(one: AbstractRecipe) -> tuple[dict[str, Any], int]:
    """What a run leaves, and how many steps it takes; the first of two compiles."""
    steps = 0
    for name in ("compiled", "whole"):
        shutil.rmtree(name, ignore_errors=True)
        child, steps = start(one, Path(name)), 0
        while child.steps(1):
            steps += 1
        if child.end() != ENDED:
            raise SystemExit(f"{one.name} does not run: {refusals()}")
    if left(Path("compiled")) != left(Path("whole")):
        raise SystemExit(f"{one.name} is not bit-identical when it is repeated")
    return left(Path("whole")), steps


def refusals() -> dict[str, int]:
    """What processes that were refused said, and how often, with numbers left out."""
    texts = [path.read_text() for path in sorted(Path.cwd().glob("refusal-*"))]
    return dict(Counter(re.sub(r"[0-9]+", "N", text) for text in texts))


def tortured(num_kills: int, num_pairs: int, seed: int) -> dict[str, Any]:
    """All counts, by family."""
    rng, counts = random.Random(seed), {}
    chosen = families()
    for number, (family, one) in enumerate(chosen.items()):
        begun = time.monotonic()
        expected, steps = undisturbed(one)

        def share(count: int, number: int = number) -> int:
            return count // len(chosen) + (number < count % len(chosen))

        words = Counter(kills(one, expected, steps, share(num_kills), rng))
        words += Counter(pairs(one, expected, share(num_pairs)))
        words += Counter(double_resumes(one, expected, share(num_pairs), rng))
        counts[family] = {"saves of a run": steps, **dict(sorted(words.items()))}
        print(f"{family}: {counts[family]}, {time.monotonic() - begun:.0f} s", flush=True)
    return counts


def main() -> int:
    """Torture, print, save; status 1 where anything was not as it should be."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--kills", type=int, default=200)
    parser.add_argument("--pairs", type=int, default=50)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--save", type=Path)
    options = parser.parse_args()
    save = options.save and options.save.resolve()
    # JAX warns of every fork; here nothing of it has been started.
    warnings.filterwarnings("ignore", message=r"os\.fork\(\) was called")
    with tempfile.TemporaryDirectory(prefix="latticework-torture-") as place:
        os.chdir(place)
        os.environ["JAX_COMPILATION_CACHE_DIR"] = f"{place}/compiled-programs"
        jax.config.update("jax_compilation_cache_dir", f"{place}/compiled-programs")
        begun = time.monotonic()
        counts = tortured(options.kills, options.pairs, options.seed)
        said = refusals()
        broken = [path.read_text() for path in Path.cwd().glob("broken-*")]
        os.chdir("/")
    total: Counter[str] = Counter()
    for words in counts.values():
        total.update({word: count for word, count in words.items() if word != "saves of a run"})
    good = ("kills", "resumes that were bit-identical")
    wrong = {w: n for w, n in total.items() if w not in good and not w.endswith(": right")}
    record = {
        "seed": options.seed,
        "families": counts,
        "total": dict(sorted(total.items())),
        "wrong": {**wrong, **Counter(broken)},
        "no such file": sum(n for text, n in said.items() if "No such file" in text),
        "refusals": said,
        "seconds": time.monotonic() - begun,
        "machine": f"{platform.system()} {platform.machine()}, {os.cpu_count()} cores",
        "versions": versions(),
    }
    print(json.dumps(record, indent=2))
    if save is not None:
        write_json(save, record)
    return int(bool(record["wrong"] or record["no such file"]))


if __name__ == "__main__":
    sys.exit(main())
