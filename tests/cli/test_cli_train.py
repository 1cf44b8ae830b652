"""`latticework train`: from the arguments to the run folder, stopped and resumed."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
import safetensors.numpy
from cli_support import SMALL, call, refuse

from latticework.report.results import read_runs
from latticework.report.tables import runs_table
from latticework.train import SilentProgress

LONG = [*SMALL, "--training.epochs", "40", "--seeds", "2", "--no-pictures"]
SLOWED = ["--training.chunk-steps", "1", "--training.checkpoint-every-s", "0"]
COMMAND = "from latticework.cli.main import main; import sys; sys.exit(main(sys.argv[1:]))"


def arrays(folder: Path) -> dict[str, np.ndarray]:
    return safetensors.numpy.load_file(folder / "checkpoint.safetensors")


def assert_same(ours: Path, theirs: Path) -> None:
    left, right = arrays(ours), arrays(theirs)
    assert left.keys() == right.keys()
    for name, value in left.items():
        assert value.tobytes() == right[name].tobytes(), name


@pytest.fixture(scope="module")
def uninterrupted(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("train") / "whole"
    assert call("train", *LONG, *SLOWED, "--run-dir", folder, "--json").status == 0
    return folder


def test_the_run_folder_is_complete(trained):
    folder, said = trained
    names = {path.name for path in folder.iterdir()}
    assert {"recipe.json", "metrics.jsonl", "checkpoint.safetensors", "result.json"} <= names
    assert {"learning_curve.png", "activity.gif", "activity.png", "confusion.png"} <= names
    result = json.loads((folder / "result.json").read_text())
    assert result["seeds"] == [0, 1] and result["epochs"] == 2
    assert result["test_accuracy"] == pytest.approx(np.mean(result["per_seed"]))
    assert {"recipe", "published", "seconds", "images_per_second", "kernel", "versions"} <= set(
        result
    )
    assert len((folder / "metrics.jsonl").read_text().splitlines()) == 2
    stored = json.loads((folder / "recipe.json").read_text())
    assert stored["recipe"]["topology"]["rows"] == 4
    assert said.json["per_seed"] == result["per_seed"]
    assert said.err == ""


def test_text_without_a_terminal(tmp_path):
    said = call("train", *SMALL, "--no-pictures", "--run-dir", tmp_path / "run")
    assert said.status == 0
    assert "12 cells, 48 parameters; 120 training examples of bump" in said.out
    assert "test accuracy on all 60 sequences: 0." in said.out
    assert "\x1b" not in said.out
    assert "\r" not in said.out


def test_a_folder_is_named_when_none_is_given(tmp_path):
    said = call("train", *SMALL, "--no-pictures", "--training.epochs", "1", "--json")
    folder = tmp_path / said.json["run"]
    assert folder.parent.name == "runs" and folder.name.startswith("synthetic-snap1-")
    assert (folder / "result.json").is_file()


def test_a_fall_back_is_announced_first_and_last(tmp_path):
    small = ["--topology.num-cells", "10", "--training.epochs", "1", "--no-pictures"]
    said = call("train", "diagonal-rtrl", *small, "--offline", "--run-dir", tmp_path / "run")
    lines = said.out.rstrip().splitlines()
    assert said.status == 0
    assert lines[0].startswith("NOTE: ") and "digits" in lines[0]
    assert lines[-1] == lines[0]
    stored = json.loads((tmp_path / "run/recipe.json").read_text())
    assert stored["recipe"]["task"]["dataset"] == "digits"


def test_what_is_saved_for_others_is_no_fall_back(tmp_path):
    small = ["--topology.num-cells", "10", "--training.epochs", "1", "--no-pictures"]
    assert "mnist" in refuse("train", "diagonal-rtrl", *small, "--offline", "--save", tmp_path)
    assert not (tmp_path / "results").exists()


def test_ctrl_c_saves_and_resume_ends_the_same(tmp_path, monkeypatch, uninterrupted):
    class Impatient(SilentProgress):
        seen = 0

        def moment(self, moment) -> None:
            self.seen += 1
            if self.seen == 9:
                signal.raise_signal(signal.SIGINT)

    folder = tmp_path / "run"
    with monkeypatch.context() as patch:
        patch.setattr("latticework.cli.train.choose_progress", lambda *_, **__: Impatient())
        said = call("train", *LONG, *SLOWED, "--run-dir", folder, "--save", tmp_path)
    assert said.status == 130
    kept = read_runs(tmp_path)["synthetic-snap1"]
    assert kept.record["outcome"] == "interrupted" and 0 < len(kept.metrics) < 40
    assert "cut short" in runs_table({"synthetic-snap1": kept})
    again = f"latticework train --resume {folder} --no-pictures --save {tmp_path}"
    assert said.err == f"go on with: {again}\n"
    assert "Traceback" not in said.err
    assert json.loads((folder / "result.json").read_text())["outcome"] == "interrupted"
    resumed = call("train", "--resume", folder, "--no-pictures", "--json")
    assert resumed.status == 0
    assert resumed.json["outcome"] == "finished"
    assert_same(folder, uninterrupted)


def test_resume_after_kill_is_bit_identical(tmp_path, uninterrupted):
    folder = tmp_path / "run"
    environment = {
        **os.environ,
        "JAX_ENABLE_X64": "1",  # as in the tests that it is compared with
        "JAX_PLATFORMS": "cpu",
    }
    argv = ["train", *LONG, *SLOWED, "--run-dir", str(folder)]
    process = subprocess.Popen(
        [sys.executable, "-c", COMMAND, *argv],
        env=environment,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        metrics, deadline = folder / "metrics.jsonl", time.monotonic() + 600
        while not (metrics.is_file() and metrics.stat().st_size):
            assert process.poll() is None, "it ended before it could be killed"
            assert time.monotonic() < deadline
            time.sleep(0.005)
    finally:
        process.kill()
        process.wait()
    assert not (folder / "result.json").exists()
    resumed = call("train", "--resume", folder, "--no-pictures", "--json")
    assert resumed.status == 0, resumed
    assert resumed.json["epochs"] == 40
    assert_same(folder, uninterrupted)


def test_a_run_is_not_overwritten(trained):
    assert "already holds a run" in refuse("train", *SMALL, "--run-dir", trained[0])


def test_resuming_what_is_no_run(tmp_path):
    assert "not the folder of a run" in refuse("train", "--resume", tmp_path)


def test_no_seed(tmp_path):
    assert "--seeds is 0" in refuse("train", *SMALL, "--seeds", "0", "--run-dir", tmp_path / "run")
    assert not (tmp_path / "run").exists()
