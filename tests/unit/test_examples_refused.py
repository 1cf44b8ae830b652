"""Numbers and classes that cannot be learned from are refused, with the place of the first."""

import dataclasses

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest
from parallel_support import Streamed
from train_support import CLASSES, blobs, run

from latticework.cells import NeighbourMix
from latticework.cells.front_end import FrontEnd
from latticework.cells.level_nets import LevelNets
from latticework.core.loss import cross_entropy, error
from latticework.core.task import AbstractTask, Dataset
from latticework.models import Gridnet, GridnetLearner, ImageFace, LeakyLearner, StreamingLearner
from latticework.models.glom import Glom
from latticework.models.glom_learner import GlomLearner
from latticework.models.glom_lessons import Persistence
from latticework.readouts import SlabLinear
from latticework.recipes import WaveRecipe
from latticework.rules import Bptt, HopTrace, Stdp
from latticework.schedules import Blocked
from latticework.tasks import Bump, WaveImage
from latticework.topologies import Column, Columns, Grid, Inputs, Lattice, Link, Uniform
from latticework.train import Protocol, train_in_stages
from support.probe import network_on

INTEGER_MIN = np.iinfo(np.int64).min


def dataset(**changes) -> Dataset:
    inputs = np.arange(24, dtype=np.float32).reshape(4, 3, 2)
    whole = Dataset(inputs, np.arange(4), inputs[:2], np.arange(2), "mine", num_classes=4)
    return dataclasses.replace(whole, **changes)


def spoiled(value: float) -> np.ndarray:
    inputs = np.zeros((4, 3, 2))
    inputs[2, 1, 0] = inputs[3, 0, 0] = value
    return inputs


BAD_PARTS = {
    "classes from 1 up": ({"train_targets": np.arange(4) + 1}, r"train_targets\[3\] is 4, expec"),
    "far away": ({"train_targets": np.arange(4) + 10**8}, r"train_targets\[0\] is 100000000, exp"),
    "negative": ({"test_targets": np.array([0, -1])}, r"test_targets\[1\] is -1, .* in 0\.\.3"),
    "smallest": ({"test_targets": np.array([INTEGER_MIN, 0])}, r"test_targets\[0\] is -9223"),
    "unsigned": ({"test_targets": np.array([0, 2**64 - 1], np.uint64)}, r"\[1\] is 18446744"),
    "not whole": ({"train_targets": np.array([0, 1, 0.5, 2])}, r"train_targets\[2\] is 0.5, expe"),
    "no number": ({"train_targets": np.array([0, np.nan, 1, 2])}, r"train_targets\[1\] is nan"),
    "whole floats": ({"train_targets": np.zeros(4)}, r"are float64, .*astype\(numpy\.int32\)"),
    "truth values": ({"train_targets": np.zeros(4, bool)}, "train_targets are bool, expected int"),
    "texts": ({"train_targets": np.array(["a"] * 4)}, "train_targets are <U1, expected integers"),
    "a list": ({"train_targets": [0, 1, 2, 3]}, "train_targets are a list, expected an array"),
    "vectors": ({"train_targets": np.zeros((4, 2), int)}, "expected one class per example"),
    "another length": ({"train_targets": np.zeros(3, int)}, r"shape \(4, 3, 2\) and .* \(3,\)"),
    "nan": ({"train_inputs": spoiled(np.nan)}, r"train_inputs\[2, 1, 0\] is nan, expected finite"),
    "inf": ({"train_inputs": spoiled(-np.inf)}, r"train_inputs\[2, 1, 0\] is -inf"),
    "beyond float32": ({"train_inputs": spoiled(1e39)}, r"\[2, 1, 0\] is 1e\+39, expected at most"),
    "complex": ({"train_inputs": spoiled(0).astype(complex)}, "complex128, expected real numbers"),
    "objects": ({"train_inputs": spoiled(0).astype(object)}, "object, expected real numbers"),
    "a test set of nan": (
        {"test_inputs": np.full((2, 3, 2), np.nan)},
        r"mine: test_inputs\[0, 0, 0\] is nan",
    ),
    "no test": (
        {"test_inputs": np.zeros((0, 3, 2)), "test_targets": np.zeros(0, int)},
        "test_inputs are empty",
    ),
    "other shapes": ({"test_inputs": np.zeros((2, 3, 1))}, r"\(3, 2\), test examples \(3, 1\)"),
}


@pytest.mark.parametrize("case", BAD_PARTS)
def test_a_data_set_is_refused_when_it_is_made(case):
    change, message = BAD_PARTS[case]
    with pytest.raises(ValueError, match=message):
        dataset(**change)


def test_whole_data_sets_are_taken():
    assert dataset().num_classes == 4
    for kind in (np.uint8, np.int64, np.float32, bool):
        dataset(train_inputs=spoiled(0).astype(kind), train_targets=np.arange(4, dtype=np.uint8))
    dataset(train_targets=np.arange(4) + 1, num_classes=None)
    dataset(train_inputs=jnp.zeros((4, 3, 2)))


@dataclasses.dataclass(frozen=True)
class Shifted(Bump):
    """A task whose classes begin with 1."""

    def _examples(self, count, stream):
        inputs, classes = super()._examples(count, stream)
        return inputs, classes + 1


def test_a_task_refuses_when_it_is_loaded():
    task: AbstractTask = Shifted(num_train=40, num_test=10, num_steps=3, num_channels=1)
    with pytest.raises(ValueError, match=r"bump: train_targets\[\d+\] is 4, expected .* 0\.\.3"):
        task.load(None)


def test_a_run_refuses_classes_that_its_learner_does_not_have():
    data = blobs()
    more = dataclasses.replace(data, train_targets=data.train_targets + 1)
    with pytest.raises(ValueError, match=rf"is {CLASSES}, expected a class in 0\.\.{CLASSES - 1}"):
        run(dataset=more)
    image = np.zeros((40, 28, 28), np.uint8)
    blank = Dataset(image, np.full(40, 10), image, np.zeros(40, int), "blank")
    recipe = wave_recipe()
    with pytest.raises(ValueError, match=r"blank: train_targets\[0\] is 10, .* in 0\.\.9"):
        train_in_stages(
            recipe.learner(), blank, recipe.task.encode, recipe.protocol, recipe.staging, (0,)
        )


def wave_recipe() -> WaveRecipe:
    return WaveRecipe(
        "small",
        "rows of the middle and a column",
        "tests",
        task=WaveImage("digits", crop=4, lines=2, stride=2),
        wiring=Columns(
            (Inputs("row"),),
            (Column("c", 3, 10, 1),),
            (),
            (Link("row", "c", Uniform(4), Stdp(40, 40, 8)),),
        ),
        protocol=Protocol(examples=4),
    )


def test_examples_that_are_read_later_are_refused_when_they_are_read():
    data = blobs(20)
    with pytest.raises(ValueError, match=r"shape \(20, 4, 4\) and train_targets \(19,\)"):
        dataclasses.replace(
            data, train_inputs=Streamed(data.train_inputs), train_targets=data.train_targets[:19]
        )
    images = data.train_inputs.astype(np.float32)
    images[:, 0, 0] = np.nan
    late = dataclasses.replace(data, train_inputs=Streamed(images))
    with pytest.raises(ValueError, match=r"the inputs of step 0\[0, 0, 0\] is nan"):
        run(dataset=late, epochs=1)


LEAKY = network_on(Grid(3, 3))
NETS = Glom(3, 3, nets=LevelNets(3, 4, dropout=0.0), front=FrontEnd(2), kernel="xla")
CUBE = Gridnet(
    Lattice((3, 4, 3)), NeighbourMix(), Blocked((3, 2, 3)), SlabLinear(), ImageFace(2, 3, 1), 2, 3
)
LEARNERS = {
    "leaky, reference": lambda: (LeakyLearner(LEAKY, Bptt(), kernel_name="reference"), (5, 3)),
    "leaky, fastest": lambda: (LeakyLearner(LEAKY, HopTrace(1)), (5, 3)),
    "gridnet": lambda: (GridnetLearner(CUBE), (2, 3)),
    "glom": lambda: (GlomLearner(NETS), (9, 4)),
    "glom, pool": lambda: (GlomLearner(NETS, persistence=Persistence(4)), (9, 4)),
    "tnn": lambda: (wave_recipe().learner(), (2, 8)),
}


@pytest.mark.parametrize("name", LEARNERS)
def test_every_entry_of_a_learner_refuses(name):
    learner, shape = LEARNERS[name]()
    last = learner.num_classes - 1
    params, key = learner.init([0]), jax.random.split(jax.random.key(0), 1)
    inputs = jnp.zeros((1, 2, *shape), jnp.float32)
    nan = inputs.at[0, 1, 0, 1].set(jnp.nan)
    targets = jnp.array([[0, last]], jnp.int32)

    def learn(inputs, targets):
        return learner.updates(params, inputs, targets, key)

    def learn_on(inputs, targets):
        if hasattr(learner, "clusters"):
            return learner.learn(params, inputs, 0)
        return learner.learn(params, learner.init_memory([0]), inputs, targets, key)

    for call in (learn, learn_on):
        with pytest.raises(ValueError, match=r"inputs\[0, 1, 0, 1\] is nan, expected finite"):
            call(nan, targets)
        with pytest.raises(ValueError, match="but a network takes float32 or float64"):
            call(inputs.astype(np.float16), targets)
    for call in (learn,) if hasattr(learner, "clusters") else (learn, learn_on):
        for wrong in (last + 1, -1, 10**8):
            with pytest.raises(
                ValueError, match=rf"targets\[0, 1\] is {wrong}, expected .*\.{last}"
            ):
                call(inputs, np.array([[0, wrong]], np.int32))
        with pytest.raises(ValueError, match="one class for each example"):
            call(inputs, targets[:, :1])
        with pytest.raises(ValueError, match="there is no example"):
            call(inputs[:, :0], targets[:, :0])
        with pytest.raises(ValueError, match="targets are float32, expected integers"):
            call(inputs, targets.astype(np.float32))
    with pytest.raises(ValueError, match=r"inputs\[1, 0, 1\] is nan"):
        learner.scores(params, nan[0])
    with pytest.raises(ValueError, match=rf"targets\[0\] is {last + 1}"):
        learner.points(params, inputs[0], np.array([last + 1, 0], np.int32))


def test_the_classifier_of_a_network_in_stages_refuses():
    learner = wave_recipe().learner()
    params = learner.init([0])
    features = np.zeros((1, 4, learner.num_features), np.uint8)
    with pytest.raises(ValueError, match=r"targets\[0, 3\] is 10"):
        learner.fit(params, features, np.array([[0, 1, 2, 10]]))
    with pytest.raises(ValueError, match=r"expected the same \[seed, example\]"):
        learner.fit(params, features, np.array([[0, 1]]))


def test_a_stream_refuses_what_is_no_number():
    learner = StreamingLearner(LEAKY, HopTrace(1), optax.sgd(0.1))
    with pytest.raises(ValueError, match=r"channels\[2\] is inf, expected finite numbers"):
        learner.step(np.array([0.0, 1.0, np.inf]), 0)
    with pytest.raises(ValueError, match="channels are complex128, expected real numbers"):
        learner.step(np.zeros(3, complex), 0)
    with pytest.raises(ValueError, match=r"target is \[1\], expected a class"):
        learner.step(np.zeros(3), [1])


@pytest.mark.parametrize("wrong", [3, -1, -4, 10**8])
def test_inside_jit_a_class_that_does_not_exist_gives_nan(wrong):
    """Where values are not known nothing can be refused, but neither is another class taken."""
    scores = jnp.array([[1.0, 2.0, 3.0]] * 2)
    targets = jnp.array([2, wrong])
    for function in (cross_entropy, error):
        found = np.asarray(jax.jit(function)(scores, targets))
        assert np.isfinite(found[0]).all()
        assert np.isnan(found[1]).all()
