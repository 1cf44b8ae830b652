"""Where data come from, on the command line: said, kept with the run, compared when used again."""

import gzip
import json
import shutil
import struct
from pathlib import Path

import numpy as np
import pytest
from cli_support import call, refuse

from latticework.recipes import open_run, recipe
from latticework.tasks.catalogue import FILE_NAMES

SMALL = ["diagonal-rtrl", "--topology.num-cells", "10", "--training.epochs", "1", "--no-pictures"]
OWN = ["tree-snap1", "--task.dataset", "own", "--training.batch-size", "20", "--no-pictures"]
OWN += ["--training.epochs", "1", "--training.eval-subset", "None"]


def write_own(folder: Path, seed: int = 0, num_train: int = 40, num_test: int = 10) -> Path:
    """Four small files of our own in `folder/own`; returns `folder`."""
    random = np.random.default_rng(seed)
    (folder / "own").mkdir(parents=True)
    parts = []
    for count in (num_train, num_test):
        parts += [random.integers(0, 256, (count, 28, 28)), random.integers(0, 10, count)]
    for name, array in zip(FILE_NAMES, parts, strict=True):
        head = struct.pack(f">BBBB{array.ndim}I", 0, 0, 8, array.ndim, *array.shape)
        content = head + array.astype(np.uint8).tobytes()
        (folder / "own" / f"{name}.gz").write_bytes(gzip.compress(content))
    return folder


@pytest.fixture(scope="module")
def own_run(tmp_path_factory):
    """A run on files of our own, what was said of it, and where the files lie."""
    root = tmp_path_factory.mktemp("origin")
    data, folder = write_own(root / "data"), root / "run"
    said = call("train", *OWN, "--data-dir", data, "--run-dir", folder)
    assert said.status == 0, said
    return folder, said, data


def digest_of(folder: Path) -> str:
    return json.loads((folder / "data.json").read_text())["sha256"]


def test_the_origin_is_said_and_kept(own_run):
    folder, said, data = own_run
    line = f"data own from {data}/own, SHA-256 {digest_of(folder)}"
    assert line in said.out.splitlines()
    facts = {"name": "own", "origin": f"{data}/own", "sha256": digest_of(folder)}
    kept = json.loads((folder / "data.json").read_text())
    assert kept == {"run": json.loads((folder / "recipe.json").read_text())["run"], **facts}
    assert json.loads((folder / "result.json").read_text())["data"] == facts
    evaluated = call("evaluate", folder, "--data-dir", data)
    assert evaluated.status == 0 and line in evaluated.out.splitlines()
    assert "not the data" not in evaluated.out
    found = call("evaluate", folder, "--data-dir", data, "--json").json
    assert found["data"] == found["learned_data"] == facts
    assert found["data_difference"] == ""


def test_other_data_are_noticed(own_run, tmp_path):
    folder = tmp_path / "run"
    shutil.copytree(own_run[0], folder)
    other = write_own(tmp_path / "other", seed=1)
    said = call("evaluate", folder, "--data-dir", other)
    assert said.status == 0
    (note,) = [line for line in said.out.splitlines() if line.startswith("NOTE: ")]
    assert "these are not the data that the run learned" in note
    assert digest_of(folder) in note and f"own from {other}/own" in note
    found = call("evaluate", folder, "--data-dir", other, "--json").json
    assert found["data"] != found["learned_data"] and found["data_difference"] in note
    sentence = refuse("train", "--resume", folder, "--training.epochs", "2", "--data-dir", other)
    assert "cannot go on" in sentence or "another run" in sentence


def test_the_same_data_may_have_moved(own_run, tmp_path):
    folder = tmp_path / "run"
    shutil.copytree(own_run[0], folder)
    moved = tmp_path / "moved" / "OWN"
    shutil.copytree(own_run[2] / "own", moved)
    argv = ["train", "--resume", folder, "--training.epochs", "2", "--no-pictures"]
    assert call(*argv, "--data-dir", moved.parent).status == 0
    assert len((folder / "metrics.jsonl").read_text().splitlines()) == 2


def test_a_run_that_kept_no_origin_is_evaluated(own_run, tmp_path):
    folder = tmp_path / "run"
    shutil.copytree(own_run[0], folder)
    (folder / "data.json").unlink()
    found = call("evaluate", folder, "--data-dir", own_run[2], "--json").json
    assert found["learned_data"] is None and found["data_difference"] == ""
    (folder / "data.json").write_text("[")
    assert "data.json is damaged" in refuse("evaluate", folder, "--data-dir", own_run[2])


def test_a_data_folder_binds(tmp_path, monkeypatch):
    """Refused although the cache, and the folder of the variable, have the set."""
    (tmp_path / "empty").mkdir()
    monkeypatch.setenv("LATTICEWORK_DATA", str(write_own(tmp_path / "data")))
    argv = ["--data-dir", tmp_path / "empty", "--run-dir", tmp_path / "run"]
    sentence = refuse("train", *OWN, *argv)
    assert f"the data folder {tmp_path}/empty has no" in sentence
    for name in FILE_NAMES:
        assert name in sentence
    sentence = refuse("train", *SMALL, *argv)
    assert f"the data folder {tmp_path}/empty has no MNIST" in sentence
    assert not (tmp_path / "run").exists()
    assert call("train", *OWN, "--run-dir", tmp_path / "run").status == 0


def test_a_data_set_that_is_named_is_not_replaced(tmp_path, monkeypatch):
    argv = [*SMALL, "--offline", "--run-dir", tmp_path / "run"]
    for named in (["--task.dataset", "mnist"], ["--task.dataset=mnist"]):
        assert "MNIST cannot be had" in refuse("train", *argv, *named)
    monkeypatch.setenv("LATTICEWORK_DATA", str(tmp_path))
    assert f"the data folder {tmp_path} (LATTICEWORK_DATA) has no MNIST" in refuse("train", *argv)
    assert not (tmp_path / "run").exists()


def test_a_damaged_cache_is_named(tmp_path):
    cache = tmp_path / "cache" / "mnist"
    cache.mkdir(parents=True)
    (cache / f"{FILE_NAMES[0]}.gz").write_bytes(b"\x1f\x8b")
    argv = [*SMALL, "--offline", "--run-dir", tmp_path / "run"]
    said = call("train", *argv)
    assert said.status == 0
    notes = [line for line in said.out.splitlines() if line.startswith("NOTE: ")]
    assert len(notes) == 2
    for note in notes:
        assert f"{cache}/{FILE_NAMES[0]}.gz is truncated" in note
        assert "not tried (--offline)" in note
    assert str(cache) in refuse("train", *argv, "--task.dataset", "mnist")


def test_a_published_number_stands_beside_no_other_data(own_run):
    folder, said, data = own_run
    assert recipe("tree-snap1").published.text == "0.700"
    assert "0.700" not in said.out and "published: -" in said.out
    assert "what was published belongs to the recipe as it stands" in said.out
    for name in ("recipe.json", "result.json"):
        stored = json.loads((folder / name).read_text())
        published = stored["published"] if name == "result.json" else stored["recipe"]["published"]
        assert published["test_accuracy"] is None, name
    assert open_run(folder).recipe.published.points == []
    evaluated = call("evaluate", folder, "--data-dir", data)
    assert "0.700" not in evaluated.out and "published: -" in evaluated.out
    assert call("evaluate", folder, "--data-dir", data, "--json").json["published"] is None
    described = call("describe", "tree-snap1", "--task.dataset", "own")
    assert "published accuracy: none (what was published belongs to" in described.out
    assert "published accuracy: 0.700" in call("describe", "tree-snap1").out
    stored = call("describe", "tree-snap1", "--training.epochs", "1", "--json").json["recipe"]
    assert stored["published"]["test_accuracy"] is None
