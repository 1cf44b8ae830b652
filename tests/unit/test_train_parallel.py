"""Several devices and several processes do what one device does.

JAX must be told of its devices before it computes, so these runs have processes of their own.
"""

import dataclasses
import json
import os
import socket
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import jax
import numpy as np
import parallel_support
import pytest
from train_support import SoftmaxLearner, run

from latticework.recipes import recipe
from latticework.train import Launch, OptimiserConfig, train
from latticework.train.parallel import Team

PROGRAM = Path(parallel_support.__file__)


def program(*words: object) -> subprocess.CompletedProcess:
    return subprocess.run(
        [sys.executable, str(PROGRAM), *map(str, words)],
        capture_output=True,
        text=True,
        timeout=1800,
        check=False,
        cwd=PROGRAM.parent,
        env={**os.environ, "JAX_PLATFORMS": "cpu"},
    )


def last_word(done: subprocess.CompletedProcess) -> dict:
    assert done.returncode == 0, done.stderr[-3000:]
    return json.loads(done.stdout.splitlines()[-1])


@pytest.fixture(scope="module")
def two_devices() -> dict:
    return last_word(program("devices"))


@pytest.mark.all
@pytest.mark.parametrize(
    "case", ["gridnet reference", "gridnet shifted", "gridnet native", "leaky"]
)
def test_two_devices_do_what_one_does_in_float64(two_devices, case):
    found = two_devices[case]
    assert found["devices"] == 2 and found["dtype"] == "float64"
    assert found["learned"] > 1e-2, "there must be something to differ by"
    assert found["parameters"] < 1e-12
    assert found["loss"] < 1e-6 and found["train"] < 1e-6
    assert found["test"] == 0


@pytest.mark.all
def test_examples_read_as_needed_reach_the_device_that_needs_them(two_devices):
    found = two_devices["streamed"]
    assert found["learned"] > 1e-2
    assert found["parameters"] < 1e-6
    assert found["places"] == 1


@pytest.mark.all
def test_every_device_draws_its_own_noise(two_devices):
    assert two_devices["noise"] < 1e-6


@pytest.fixture(scope="module")
def two_processes(tmp_path_factory):
    folder = tmp_path_factory.mktemp("processes")
    (folder / "taken").mkdir()
    (folder / "taken" / "recipe.json").write_text("{}")
    with socket.socket() as free:
        free.bind(("localhost", 0))
        port = free.getsockname()[1]
    with ThreadPoolExecutor(2) as both:
        done = list(both.map(lambda number: program("process", number, port, folder), (0, 1)))
    return folder, [last_word(one) for one in done]


@pytest.mark.all
def test_two_processes_end_where_one_does(two_processes):
    folder, said = two_processes
    whole = train(**parallel_support.whole())
    leaves = jax.tree.leaves(whole.params)
    for number in (0, 1):
        stored = np.load(folder / f"params{number}.npz")
        assert len(stored.files) == len(leaves)
        for name, leaf in zip(stored.files, leaves, strict=True):
            np.testing.assert_allclose(stored[name], leaf, rtol=0, atol=1e-12)
    start = jax.tree.leaves(parallel_support.whole()["learner"].init((0,)))
    assert parallel_support.farthest(start, leaves) > 1e-2
    assert said[0]["accuracy"] == said[1]["accuracy"] == whole.test_accuracy.tolist()
    assert said[0]["devices"] == said[1]["devices"] == 2


@pytest.mark.all
def test_processes_stop_at_the_same_step_and_go_on_together(two_processes):
    folder, said = two_processes
    assert said[0]["cut"] == said[1]["cut"] == "interrupted in epoch 1 after step 3 of 8"
    assert said[0]["rest"] == said[1]["rest"] == "finished 2 epochs"
    assert said[0]["metrics"] == said[1]["metrics"] == 2
    assert len((folder / "run" / "metrics.jsonl").read_text().splitlines()) == 2


@pytest.mark.all
def test_any_process_may_end_the_run_and_process_0_says_how_far_to_go(two_processes):
    _, said = two_processes
    assert said[0]["agreed"] == said[1]["agreed"] == [True, 3]


@pytest.mark.all
def test_what_one_process_cannot_begin_none_begins(two_processes):
    _, said = two_processes
    assert "already holds a run" in said[0]["refusal"]
    assert "another process could not begin" in said[1]["refusal"]


def pair() -> Team:
    """Two devices as far as a refusal is concerned."""
    return Team(tuple(jax.local_devices()[:1] * 2))


@pytest.mark.parametrize(
    ("name", "batch", "words"),
    [
        ("gridnet-mnist", 63, "batch_size is 63, which 2 devices cannot share evenly; choose"),
        ("grid-snap1-sgd", 1, "batch_size is 1, which 2 devices cannot share"),
        ("pool", 64, "carries a state from batch to batch"),
    ],
)
def test_what_devices_cannot_share_is_refused(name, batch, words):
    made = recipe("glom-mnist" if name == "pool" else name)
    learner = made.learner()
    if name == "pool":
        persistence = dataclasses.replace(learner.persistence, pool_size=64)
        learner = dataclasses.replace(learner, persistence=persistence)
    with pytest.raises(ValueError, match=words):
        pair().check(learner, made.optimiser, batch, 0)


def test_a_loop_of_its_own_is_refused():
    with pytest.raises(ValueError, match="softmax-fused takes many steps in one compiled call"):
        pair().check(SoftmaxLearner(fused=True), OptimiserConfig("sgd"), 10, 0)


def test_a_kind_of_learner_that_can_be_shared_is_not_refused():
    made = recipe("gridnet-mnist")
    pair().check(made.learner(), made.optimiser, 64, 0)


def test_more_devices_than_there_are():
    with pytest.raises(ValueError, match="asked for 65 devices, but process 0 has"):
        run(devices=65)


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"devices": 0}, "devices is 0, expected 1 or more"),
        ({"processes": 2}, "go with the address of a coordinator"),
        ({"coordinator": "auto", "process_id": 1}, "go with the address of a coordinator"),
        ({"coordinator": "here:1"}, "say how many processes there are"),
        ({"coordinator": "here", "processes": 2, "process_id": 0}, "expected HOST:PORT or auto"),
        ({"coordinator": "here:1", "processes": 0, "process_id": 0}, "processes is 0"),
        ({"coordinator": "here:1", "processes": 2, "process_id": 2}, "expected 0 to 1"),
    ],
)
def test_a_launch_that_makes_no_sense(fields, words):
    with pytest.raises(ValueError, match=words):
        Launch(**fields)


def test_joining_after_jax_has_started_is_refused():
    jax.devices()
    with (
        pytest.raises(ValueError, match="cannot join the other processes"),
        Launch(1, 2, 0, "localhost:1").joined(),
    ):
        pass
