import json
import os
import random
import signal
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import train_support
from train_support import SoftmaxLearner, blobs, compiled_once, run

from latticework.train import OptimiserConfig, Outcome, SilentProgress, files

OPERATIONS = 81
"""File operations of the run that is crashed; the first 7 write the recipe."""
OWN = ("run", "seconds", "train_seconds", "images_per_second")


@pytest.fixture(scope="module", autouse=True)
def compilations(tmp_path_factory):
    folder = tmp_path_factory.getbasetemp() / "compiled"
    with compiled_once(folder):
        yield folder


class Crash(BaseException):
    """The machine goes down: no handler of the package may see to it."""


class Stop(SilentProgress):
    """Asks for an end, like Ctrl-C, at a given step."""

    def __init__(self, epoch, step):
        self.at = (epoch, step)

    def moment(self, moment):
        if (moment.epoch, moment.step) == self.at:
            signal.raise_signal(signal.SIGINT)


def left_behind(folder: Path) -> tuple[list, dict, dict]:
    """Records, result and files of a run, but for what is its own alone: identity and times."""
    records = [json.loads(line) for line in (folder / "metrics.jsonl").read_text().splitlines()]
    result = json.loads((folder / "result.json").read_text())
    for record in [*records, result]:
        for field in OWN:
            record.pop(field, None)
    names = sorted(entry.name for entry in folder.iterdir())
    return records, result, names


def assert_same_params(one, other):
    for group in one.params:
        np.testing.assert_array_equal(one.params[group], other.params[group])


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    folder = tmp_path_factory.mktemp("whole")
    return folder, run(folder, chunk_steps=7, checkpoint_every_s=0.0)


def crash_after(monkeypatch, calls: int) -> None:
    """Let so many file operations through, then crash before the next one."""
    count = iter(range(calls))

    def counted(real):
        def call(*arguments, **options):
            if next(count, None) is None:
                raise Crash
            return real(*arguments, **options)

        return call

    for name in ("open", "write", "fsync", "replace"):
        monkeypatch.setattr(files.os, name, counted(getattr(files.os, name)))


@pytest.mark.parametrize("calls", range(7, OPERATIONS, 5))
def test_a_crash_at_any_file_operation_can_be_resumed(tmp_path, monkeypatch, whole, calls):
    folder, uncut = whole
    options = {"chunk_steps": 7, "checkpoint_every_s": 0.0}
    with monkeypatch.context() as patch:
        crash_after(patch, calls)
        with pytest.raises(Crash):
            run(tmp_path, **options)
    resumed = run(tmp_path, resume=True, **{**options, "chunk_steps": 4})
    assert_same_params(resumed, uncut)
    assert left_behind(tmp_path) == left_behind(folder)


def test_the_crash_points_cover_a_whole_run(tmp_path, monkeypatch):
    with monkeypatch.context() as patch:
        crash_after(patch, OPERATIONS - 1)
        with pytest.raises(Crash):
            run(tmp_path / "a", chunk_steps=7, checkpoint_every_s=0.0)
    crash_after(monkeypatch, OPERATIONS)
    run(tmp_path / "b", chunk_steps=7, checkpoint_every_s=0.0)


@pytest.mark.parametrize("fused", [False, True])
def test_ctrl_c_saves_and_resume_goes_on(tmp_path, fused):
    options = {
        "learner": SoftmaxLearner(fused=fused),
        "optimiser": OptimiserConfig("sgd", learning_rate=0.05),
        "chunk_steps": 1,
    }
    uncut = run(tmp_path / "uncut", **options)
    cut = run(tmp_path / "cut", progress=Stop(1, 13), **options)
    assert cut.outcome is Outcome.INTERRUPTED
    assert cut.message == "interrupted in epoch 2 after step 13 of 20"
    assert cut.test_accuracy is None
    assert cut.summary is None
    assert json.loads((tmp_path / "cut" / "result.json").read_text())["outcome"] == "interrupted"
    resumed = run(tmp_path / "cut", resume=True, **options)
    assert_same_params(resumed, uncut)
    assert left_behind(tmp_path / "cut") == left_behind(tmp_path / "uncut")
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler


def test_a_finished_run_resumes_to_the_same_result(tmp_path):
    first = run(tmp_path)
    again = run(tmp_path, resume=True)
    assert_same_params(first, again)
    np.testing.assert_array_equal(first.test_accuracy, again.test_accuracy)
    assert [line["epoch"] for line in again.metrics] == [0, 1]


def test_a_run_whose_checkpoint_is_gone_begins_again(tmp_path):
    first = run(tmp_path)
    (tmp_path / "checkpoint.safetensors").unlink()
    again = run(tmp_path, resume=True)
    assert_same_params(first, again)
    lines = (tmp_path / "metrics.jsonl").read_text().splitlines()
    assert [json.loads(line)["epoch"] for line in lines] == [0, 1]


def test_a_run_of_constant_step_size_can_be_made_longer(tmp_path):
    run(tmp_path / "a", epochs=1)
    longer = run(tmp_path / "a", epochs=3, resume=True)
    assert_same_params(longer, run(epochs=3))
    with pytest.raises(ValueError, match="already has 3 epochs, asked for 2"):
        run(tmp_path / "a", epochs=2, resume=True)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"batch_size": 20}, r"training\.batch_size was 10 and is now 20"),
        ({"seeds": (0, 2)}, r"seeds was \[0, 1\] and is now \[0, 2\]"),
        (
            {"optimiser": OptimiserConfig("sgd", learning_rate=0.01)},
            r"optimiser\.name was 'adam' and is now 'sgd'",
        ),
        ({"dataset": blobs(train_examples=204)}, "cannot go on: it learned blobs from .* SHA-256"),
        ({"learner": SoftmaxLearner(noise=0.0)}, r"learner\.noise was 0\.01 and is now 0\.0"),
        ({"recipe": {"name": "other"}}, "begun with another recipe: name was 'blobs'"),
    ],
)
def test_another_run_is_not_resumed(tmp_path, change, message):
    run(tmp_path, epochs=1)
    before = (tmp_path / "checkpoint.safetensors").read_bytes()
    with pytest.raises(ValueError, match=message):
        run(tmp_path, epochs=1, resume=True, **change)
    assert (tmp_path / "checkpoint.safetensors").read_bytes() == before


def test_a_scheduled_run_keeps_its_length(tmp_path):
    cosine = OptimiserConfig(schedule="cosine")
    run(tmp_path, epochs=1, optimiser=cosine)
    with pytest.raises(ValueError, match="scheduled_epochs was 1 and is now 2"):
        run(tmp_path, epochs=2, optimiser=cosine, resume=True)


def test_a_damaged_checkpoint_is_refused(tmp_path):
    run(tmp_path, epochs=1)
    path = tmp_path / "checkpoint.safetensors"
    path.write_bytes(path.read_bytes()[:-3])
    with pytest.raises(ValueError, match="is damaged or is no checkpoint"):
        run(tmp_path, epochs=1, resume=True)


def test_a_used_folder_is_not_overwritten(tmp_path):
    run(tmp_path, epochs=1)
    with pytest.raises(ValueError, match="already holds a run"):
        run(tmp_path, epochs=1)


def program(folder: Path, compilations: Path) -> subprocess.Popen:
    """The small run as a process of its own; each step is a line of its output."""
    return subprocess.Popen(
        [sys.executable, train_support.__file__, str(folder)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={
            **os.environ,
            "JAX_COMPILATION_CACHE_DIR": str(compilations),
            "JAX_PERSISTENT_CACHE_MIN_COMPILE_TIME_SECS": "0",
        },
    )


def outcome(process: subprocess.Popen) -> str:
    """What the process said last, when it has ended well."""
    out, errors = process.communicate(timeout=1800)
    assert process.returncode == 0, errors
    return out.split()[-1]


def read_lines(process: subprocess.Popen, count: int) -> bool:
    """Wait for so many lines; whether they came before the end."""
    return all(process.stdout.readline() for _ in range(count))


@pytest.fixture(scope="module")
def uncut_program(tmp_path_factory, compilations):
    folder = tmp_path_factory.mktemp("program")
    assert outcome(program(folder, compilations)) == "finished"
    return folder


def assert_same_program(folder: Path, uncut: Path) -> None:
    assert left_behind(folder) == left_behind(uncut)
    one, other = np.load(folder / "params.npz"), np.load(uncut / "params.npz")
    for group in ("weight", "bias"):
        assert one[group].tobytes() == other[group].tobytes()


@pytest.mark.all
def test_kill_9_at_random_moments(tmp_path, uncut_program, compilations):
    rng = random.Random()  # other moments in every run of the tests; the result must not differ
    for _ in range(3):
        process = program(tmp_path, compilations)
        read_lines(process, rng.randrange(1, 75))
        try:  # noqa: SIM105 - the wait is the point
            process.wait(timeout=rng.random() * 0.02)
        except subprocess.TimeoutExpired:
            pass
        process.kill()
        process.communicate()
        assert process.returncode == -signal.SIGKILL
    assert outcome(program(tmp_path, compilations)) == "finished"
    assert_same_program(tmp_path, uncut_program)


def test_ctrl_c_ends_a_program_cleanly(tmp_path, uncut_program, compilations):
    process = program(tmp_path, compilations)
    assert read_lines(process, 30)
    process.send_signal(signal.SIGINT)
    assert outcome(process) == "interrupted"
    assert outcome(program(tmp_path, compilations)) == "finished"
    assert_same_program(tmp_path, uncut_program)
