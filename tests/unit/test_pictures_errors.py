"""Bad input to a picture: one sentence, nothing written, nothing lost."""

import errno
import os
from pathlib import Path

import jax
import numpy as np
import pytest

from latticework import pictures
from latticework.models import leaky_network
from latticework.topologies import Grid

NETWORK = leaky_network(Grid(3, 2))
PARAMS = {k: np.asarray(v) for k, v in NETWORK.init(jax.random.key(0)).items()}
INPUTS = np.ones((4, 3), np.float32)


def test_a_sequence_of_the_wrong_shape() -> None:
    with pytest.raises(ValueError, match=r"shape \(3,\), expected \(time, channel\)"):
        pictures.record(NETWORK, PARAMS, INPUTS[0])
    with pytest.raises(ValueError, match=r"takes \[..., time, 3\]"):
        pictures.record(NETWORK, PARAMS, np.ones((4, 5), np.float32))
    with pytest.raises(ValueError, match="at least one step"):
        pictures.record(NETWORK, PARAMS, INPUTS[:0])


def test_a_class_that_does_not_exist() -> None:
    with pytest.raises(ValueError, match=r"true class is 2, expected 0\.\.1"):
        pictures.record(NETWORK, PARAMS, INPUTS, 2)


def test_parameters_of_several_seeds() -> None:
    several = {name: np.stack([value, value]) for name, value in PARAMS.items()}
    with pytest.raises(ValueError, match=r"for several seeds, take one"):
        pictures.record(NETWORK, several, INPUTS)
    with pytest.raises(ValueError, match=r"'log_tau' has shape \(2, 6\)"):
        pictures.cell_maps(NETWORK.wiring, several, "m.png")
    with pytest.raises(ValueError, match="no parameters"):
        pictures.cell_maps(NETWORK.wiring, {}, "m.png")


def test_parameters_that_are_not_finite(tmp_path: Path) -> None:
    broken = {**PARAMS, "bias": PARAMS["bias"] * np.nan}
    with pytest.raises(ValueError, match="not finite"):
        pictures.record(NETWORK, broken, INPUTS)
    with pytest.raises(ValueError, match="'bias' is not finite"):
        pictures.cell_maps(NETWORK.wiring, broken, tmp_path / "m.png")
    assert not list(tmp_path.iterdir())


def test_the_wrong_kind_of_file(tmp_path: Path) -> None:
    episode = pictures.record(NETWORK, PARAMS, INPUTS)
    with pytest.raises(ValueError, match=r"saved as \.gif.*name it a\.gif"):
        pictures.activity_gif(episode, tmp_path / "a.png")
    with pytest.raises(ValueError, match=r"saved as \.png.*name it a\.png"):
        pictures.activity_sheet(episode, tmp_path / "a.jpg")


def test_nothing_to_show(tmp_path: Path) -> None:
    episode = pictures.record(NETWORK, PARAMS, INPUTS)
    with pytest.raises(ValueError, match="most is 0"):
        pictures.activity_sheet(episode, tmp_path / "a.png", most=0)
    with pytest.raises(ValueError, match="most_frames is 0"):
        pictures.activity_gif(episode, tmp_path / "a.gif", most_frames=0)
    with pytest.raises(ValueError, match=r"expected at least one of 0\.\.3"):
        pictures.hero(episode, tmp_path / "a.png", num_parameters=1, steps=(4,))


def test_learning_curve_of_nothing(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="no finished epoch"):
        pictures.learning_curve([], tmp_path / "c.png")
    with pytest.raises(ValueError, match="no 'epoch'"):
        pictures.learning_curve([{"train_loss": 1.0}], tmp_path / "c.png")


def test_confusions_that_are_none(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"got \(2, 3\)"):
        pictures.confusion_matrix(np.zeros((2, 3)), tmp_path / "c.png")
    with pytest.raises(ValueError, match="counts no example"):
        pictures.confusion_matrix(np.zeros((2, 2)), tmp_path / "c.png")
    with pytest.raises(ValueError, match=r"predicted class is outside 0\.\.1"):
        pictures.count_confusions(np.array([0]), np.array([2]), 2)
    with pytest.raises(ValueError, match="expected the same"):
        pictures.count_confusions(np.array([0, 1]), np.array([1]), 2)


def test_cosines_that_are_none(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="no row"):
        pictures.hop_cosine([], tmp_path / "h.png")
    rows = [{"hops": 0, "cosine": {"a": 0.5}}, {"hops": 1, "cosine": {"b": 0.5}}]
    with pytest.raises(ValueError, match="different parameter groups"):
        pictures.hop_cosine(rows, tmp_path / "h.png")
    for bad in (1.5, np.nan):
        with pytest.raises(ValueError, match=r"not a number in -1\.\.1"):
            pictures.hop_cosine([{"hops": 0, "cosine": {"a": bad}}], tmp_path / "h.png")


def test_a_full_disk_leaves_the_old_picture(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = pictures.confusion_matrix(np.eye(2), tmp_path / "c.png")
    before = path.read_bytes()

    def full(*_: object) -> int:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, "write", full)
    with pytest.raises(OSError, match="no room on the disk"):
        pictures.confusion_matrix(np.ones((2, 2)), path)
    monkeypatch.undo()
    assert path.read_bytes() == before
    assert [entry.name for entry in tmp_path.iterdir()] == ["c.png"]
