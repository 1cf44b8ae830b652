"""Programs for the tests of several devices: what must be decided before JAX starts.

`parallel_support.py devices` compares two devices with one and prints what it finds.
`parallel_support.py process ID PORT FOLDER` is one of two processes that train together: it is
refused, is interrupted, and goes on; what it says is one JSON object on its last line.
"""

import dataclasses
import json
import signal
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

import jax
import jax.numpy as jnp
import numpy as np
from train_support import SoftmaxLearner, blobs, compiled_once, encode

from latticework.core.examples import AbstractExamples, Place
from latticework.core.learner import AbstractLearner, Updates
from latticework.core.task import Dataset
from latticework.recipes import recipe
from latticework.schedules import Blocked
from latticework.tasks import DataSource, RowImage
from latticework.topologies import Lattice
from latticework.train import Launch, OptimiserConfig, SilentProgress, TrainingConfig, train
from latticework.train.order import noise_keys, step_keys
from latticework.train.parallel import Team

RATE = 0.25
SGD = OptimiserConfig("sgd", learning_rate=RATE)


@dataclasses.dataclass(frozen=True)
class Double(AbstractLearner):
    """Another learner in float64."""

    inner: AbstractLearner

    @property
    def kernel(self) -> str:
        return self.inner.kernel

    @property
    def num_classes(self):
        return self.inner.num_classes

    def init(self, seeds):
        return jax.tree.map(lambda leaf: leaf.astype(jnp.float64), self.inner.init(seeds))

    def updates(self, params, inputs, targets, key):
        return self.inner.updates(params, inputs, targets, key)

    def scores(self, params, inputs):
        return self.inner.scores(params, inputs)


@dataclasses.dataclass(frozen=True)
class Noise(SoftmaxLearner):
    """Its direction is a draw."""

    def updates(self, params, inputs, targets, key):
        update = super().updates(params, inputs, targets, key)
        draw = jax.vmap(lambda one: jax.random.normal(one, (3,), jnp.float32))(key)
        zero = jnp.zeros_like(update.direction["weight"])
        return Updates({"weight": zero, "bias": draw}, update.loss, update.correct)


@dataclasses.dataclass(frozen=True)
class Streamed(AbstractExamples):
    """Images of memory that count who asks for them, brighter by their slot."""

    images: np.ndarray
    asked: list[Place] = dataclasses.field(default_factory=list)

    @property
    def shape(self) -> tuple[int, ...]:
        return self.images.shape

    @property
    def facts(self) -> dict[str, int]:
        return {}

    def batches(self, places: Sequence[Place], size: int) -> Iterator[np.ndarray]:
        for first in range(0, len(places), size):
            some = places[first : first + size]
            self.asked.extend(some)
            yield np.stack([self.images[place.example] + place.slot for place in some])


def gridnet(kernel: str):
    """A recipe of 28x28x2 cells on the embedded digits, and its examples."""
    made = dataclasses.replace(
        recipe("gridnet-mnist"),
        task=RowImage("digits", gain=1.0),
        topology=Lattice((28, 28, 2)),
        schedule=Blocked((4, 4, 2), 1),
        outer_steps=2,
        kernel=kernel,
    )
    return made.learner(), made.task, first_of(made.task.load(DataSource()), 64, 30)


def leaky():
    """A small grid on a synthetic task."""
    made = recipe("synthetic-snap1")
    task = dataclasses.replace(made.task, num_steps=12, num_train=64, num_test=30)
    return made.learner(), task, task.load(DataSource())


def first_of(data: Dataset, train_examples: int, test_examples: int) -> Dataset:
    return dataclasses.replace(
        data,
        train_inputs=data.train_inputs[:train_examples],
        train_targets=data.train_targets[:train_examples],
        test_inputs=data.test_inputs[:test_examples],
        test_targets=data.test_targets[:test_examples],
    )


def double(learner, task, data: Dataset, **changes):
    """The arguments of a run of one seed in float64."""
    return {
        "learner": Double(learner),
        "dataset": data,
        "encode": lambda raw: task.encode(raw).astype(jnp.float64),
        # Three batches of 30 test examples: one device has a turn more than the other.
        "config": TrainingConfig(epochs=1, batch_size=16, eval_batch=10),
        "optimiser": SGD,
        "seeds": (0,),
        **changes,
    }


def softmax(**changes):
    """The arguments of a run of softmax regression."""
    return {
        "learner": SoftmaxLearner(),
        "dataset": blobs(64, 30),
        "encode": encode,
        "config": TrainingConfig(epochs=1, batch_size=16, eval_batch=10),
        "optimiser": SGD,
        "seeds": (0, 1),
        **changes,
    }


def compare(arguments) -> dict[str, float]:
    """One device beside two: the largest difference, and what there was to differ by."""
    one, two = (train(**arguments, devices=devices) for devices in (1, 2))
    start = arguments["learner"].init(arguments["seeds"])
    return {
        "parameters": farthest(one.params, two.params),
        "learned": farthest(one.params, start),
        "loss": abs(one.metrics[0]["train_loss"] - two.metrics[0]["train_loss"]),
        "train": abs(one.metrics[0]["train_accuracy"] - two.metrics[0]["train_accuracy"]),
        "test": float(np.abs(one.test_accuracy - two.test_accuracy).max()),
        "devices": two.devices,
        "dtype": str(jax.tree.leaves(two.params)[0].dtype),
    }


def farthest(one, other) -> float:
    pairs = zip(jax.tree.leaves(one), jax.tree.leaves(other), strict=True)
    return max(float(np.abs(np.asarray(a) - np.asarray(b)).max()) for a, b in pairs)


def noise() -> float:
    """How far the steps are from the mean of draws that the devices made by themselves."""
    run = train(**softmax(learner=Noise()), devices=2)
    steps = run.metrics[0]["steps"]
    drawn = 0
    for step in range(steps):
        for device in range(2):
            keys = step_keys(noise_keys((0, 1)), jnp.int32(step))
            keys = jax.vmap(jax.random.fold_in, (0, None))(keys, device)
            drawn += jax.vmap(lambda one: jax.random.normal(one, (3,), jnp.float32))(keys) / 2
    return farthest({"bias": run.params["bias"]}, {"bias": -RATE * drawn})


def streamed() -> dict[str, float]:
    data = blobs(64, 30)
    stream = Streamed(data.train_inputs)
    found = compare(softmax(dataset=dataclasses.replace(data, train_inputs=stream)))
    half = len(stream.asked) // 2
    found["places"] = float(set(stream.asked[:half]) == set(stream.asked[half:]))
    return found


def devices() -> dict:
    jax.config.update("jax_num_cpu_devices", 2)
    return {
        "gridnet reference": compare(double(*gridnet("reference"))),
        "gridnet shifted": compare(double(*gridnet("shifted"))),
        "gridnet native": compare(double(*gridnet("native"))),
        "leaky": compare(double(*leaky(), seeds=(0, 1))),
        "streamed": streamed(),
        "noise": noise(),
    }


class Stop(SilentProgress):
    """Ctrl-C after the third step."""

    def moment(self, moment) -> None:
        if moment.step == 3:
            signal.raise_signal(signal.SIGINT)


def process(number: int, port: int, folder: Path) -> dict:
    """What one of two processes has to tell."""
    signal.signal(signal.SIGINT, signal.default_int_handler)
    # Process 0 would take three steps at a time, process 1 five: they must agree on three.
    chunk = 3 if number == 0 else 5
    with Launch(1, 2, number, f"localhost:{port}").joined(), compiled_once(folder / "compiled"):
        arguments = {**whole(), "recipe": {"name": "small"}}
        arguments["config"] = dataclasses.replace(arguments["config"], chunk_steps=chunk)
        agreed = Team.of(1).agree(number == 1, 3 + number)
        refusal = ""
        try:
            train(**arguments, run_dir=folder / "taken")
        except ValueError as error:
            refusal = str(error)
        cut = train(**arguments, run_dir=folder / "run", progress=Stop())
        rest = train(**arguments, run_dir=folder / "run", resume=True)
        np.savez(folder / f"params{number}.npz", *jax.tree.leaves(rest.params))
    return {
        "agreed": agreed,
        "refusal": refusal,
        "cut": cut.message,
        "rest": rest.message,
        "metrics": len(rest.metrics),
        "accuracy": rest.test_accuracy.tolist(),
        "devices": rest.devices,
    }


def whole() -> dict:
    """The run of the two processes, whose chunks are of no account."""
    config = TrainingConfig(epochs=2, batch_size=8, eval_batch=10)
    return double(*gridnet("auto"), config=config, optimiser=OptimiserConfig(learning_rate=0.01))


if __name__ == "__main__":
    jax.config.update("jax_enable_x64", True)
    what, *rest = sys.argv[1:]
    said = devices() if what == "devices" else process(int(rest[0]), int(rest[1]), Path(rest[2]))
    print(json.dumps(said))
