"""Runs on a folder of photographs that has moved: gone on with, and measured, where it lies now."""

import contextlib
import json
import shutil
from pathlib import Path

import numpy as np
import pytest
from cli_support import call, refuse
from PIL import Image

pytest.importorskip("grain")

SMALL = ["gridnet-imagenet", "--task.side", "8", "--task.num-classes-at-most", "2"]
SMALL += ["--topology.shape", "4", "4", "4", "--schedule.block-shape", "2", "2", "2"]
SMALL += ["--schedule.inner-steps", "2", "--image.side", "8", "--image.patch", "2"]
SMALL += ["--image.channels", "2", "--outer-steps", "2", "--kernel", "reference"]
SMALL += ["--training.batch-size", "8", "--training.eval-batch", "4", "--training.epochs", "1"]
SMALL += ["--no-pictures"]


def photographs(root: Path, seed: int = 0) -> Path:
    random = np.random.default_rng(seed)
    for number in range(24):
        for name in ("cat/sub", "dog"):
            (root / name).mkdir(parents=True, exist_ok=True)
            pixels = random.integers(0, 256, (8, 8, 3), np.uint8)
            Image.fromarray(pixels).save(root / name / f"{number:02}.png")
    return root


@pytest.fixture(scope="module")
def begun(tmp_path_factory):
    """The folder of a run whose photographs have moved since, and where they lie now."""
    root = tmp_path_factory.mktemp("photographs")
    pictures = photographs(root / "old place")
    with contextlib.chdir(root):  # so that their split is always the same
        said = call("train", *SMALL, "--task.folder", "old place", "--run-dir", "run", "--json")
    assert said.status == 0, said
    assert said.json["data"]["origin"] == "old place"
    pictures.rename(root / "is there")
    return root / "run", root / "is there", said.json["per_seed"]


def test_it_is_measured_where_it_lies_now(begun, tmp_path):
    run, now, per_seed = begun
    assert "say where it lies now with --data-dir" in refuse("evaluate", run)
    found = call("evaluate", run, "--data-dir", now, "--json").json
    assert found["per_seed"] == per_seed and found["data_difference"] == ""
    other = photographs(tmp_path / "other", seed=1)
    sentence = refuse("evaluate", run, "--data-dir", other)
    assert "cannot be measured there" in sentence and str(other) in sentence


@pytest.mark.parametrize("option", ["--task.folder", "--data-dir"])
def test_it_is_gone_on_with_where_it_lies_now(begun, tmp_path, option):
    run = tmp_path / "run"
    shutil.copytree(begun[0], run)
    argv = ["train", "--resume", run, "--training.epochs", "2", "--no-pictures"]
    assert "say where it lies now with --data-dir" in refuse(*argv)
    other = photographs(tmp_path / "other", seed=1)
    sentence = refuse(*argv, option, other)
    assert "cannot go on" in sentence and str(other) in sentence
    assert call(*argv, option, begun[1]).status == 0
    stored = json.loads((run / "recipe.json").read_text())
    assert stored["recipe"]["task"]["folder"] == "old place", "it decides the split"
    assert len((run / "metrics.jsonl").read_text().splitlines()) == 2
