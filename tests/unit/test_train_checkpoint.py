import errno
import os
import subprocess
from pathlib import Path

import jax
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from latticework.train import checkpoint, files
from support.needs import small_disk

STATE = {
    "params": {"weight": np.arange(6, dtype=np.float32).reshape(2, 3), "bias": np.ones(2)},
    "optimiser": (np.array([3], np.int32), ()),
    "order_key": np.array([[0, 42]], np.uint32),
}
META = {"epoch": 3, "seeds": [0, 1], "name": "ÿ"}


def same(a, b):
    assert jax.tree.structure(a) == jax.tree.structure(b)
    for left, right in zip(jax.tree.leaves(a), jax.tree.leaves(b), strict=True):
        assert left.dtype == right.dtype
        np.testing.assert_array_equal(left, right)


@pytest.fixture
def saved(tmp_path):
    path = tmp_path / "checkpoint.safetensors"
    checkpoint.save(path, STATE, META)
    return path


@pytest.fixture(scope="module")
def kept(tmp_path_factory):
    """One for all examples of a property, which change copies of it."""
    path = tmp_path_factory.mktemp("kept") / "checkpoint.safetensors"
    checkpoint.save(path, STATE, META)
    return path


def test_round_trip(saved):
    state, meta = checkpoint.load(saved, STATE)
    same(state, STATE)
    assert meta == META == checkpoint.read_meta(saved)
    assert [entry.name for entry in saved.parent.iterdir()] == [saved.name]


@settings(max_examples=25)
@given(
    arrays=st.dictionaries(
        st.text("abc/", min_size=1),
        hnp.arrays(
            st.sampled_from([np.float32, np.float64, np.int32, np.uint32, np.bool_]),
            hnp.array_shapes(min_dims=0, min_side=0),
        ),
        max_size=4,
    )
)
def test_any_arrays_come_back_bit_for_bit(arrays, tmp_path_factory):
    path = tmp_path_factory.mktemp("any") / "checkpoint.safetensors"
    transposed = {name: array.T for name, array in arrays.items()}
    checkpoint.save(path, transposed, {})
    state, _ = checkpoint.load(path, transposed)
    for name, array in transposed.items():
        assert state[name].tobytes() == array.tobytes()
        assert (state[name].shape, state[name].dtype) == (array.shape, array.dtype)


def test_parameters_alone_can_be_read(saved):
    state, _ = checkpoint.load(saved, {"params": STATE["params"]}, partial=True)
    same(state, {"params": STATE["params"]})


@settings(max_examples=150)
@given(data=st.data())
def test_a_changed_byte_is_noticed(kept, data):
    raw = kept.read_bytes()
    at = data.draw(st.integers(0, len(raw) - 1))
    value = data.draw(st.integers(0, 255))
    damaged = kept.with_name("damaged")
    damaged.write_bytes(raw[:at] + bytes([value]) + raw[at + 1 :])
    try:
        state, meta = checkpoint.load(damaged, STATE)
    except ValueError as error:
        assert "is damaged or is no checkpoint" in str(error)
    else:  # the same byte again, or white space in the header
        same(state, STATE)
        assert meta == META


@settings(max_examples=60)
@given(data=st.data())
def test_a_truncated_file_is_noticed(kept, data):
    raw = kept.read_bytes()
    short = kept.with_name("short")
    short.write_bytes(raw[: data.draw(st.integers(0, len(raw) - 1))])
    with pytest.raises(ValueError, match="is damaged or is no checkpoint"):
        checkpoint.load(short, STATE)


def test_another_safetensors_file_is_no_checkpoint(tmp_path):
    path = tmp_path / "other"
    path.write_bytes(checkpoint.safetensors.numpy.save({"a": np.ones(2)}))
    with pytest.raises(ValueError, match="is no checkpoint"):
        checkpoint.load(path, STATE)


def test_a_missing_file_is_named(tmp_path):
    with pytest.raises(OSError, match=r"there is no checkpoint at .*gone"):
        checkpoint.load(tmp_path / "gone", STATE)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"optimiser": ()}, "also holds 'optimiser/0'"),
        ({"more": np.ones(1)}, "lacks 'more'"),
        ({"order_key": np.ones((2, 2), np.uint32)}, r"uint32\[1, 2\], expected uint32\[2, 2\]"),
        ({"order_key": np.ones((1, 2), np.int32)}, r"uint32\[1, 2\], expected int32\[1, 2\]"),
    ],
)
def test_a_checkpoint_of_another_run_is_refused(saved, change, message):
    with pytest.raises(ValueError, match=message):
        checkpoint.load(saved, {**STATE, **change})


def test_two_places_of_the_same_name_are_refused(tmp_path):
    with pytest.raises(ValueError, match="same path"):
        checkpoint.save(tmp_path / "c", {"a": {"b": np.ones(1)}, "a/b": np.ones(1)}, {})


@pytest.mark.parametrize("call", ["open", "write", "fsync", "replace"])
@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EDQUOT])
def test_a_full_disk_leaves_the_previous_checkpoint(saved, monkeypatch, call, number):
    def full(*_, **__):
        raise OSError(number, os.strerror(number))

    with monkeypatch.context() as patch:
        patch.setattr(files.os, call, full)
        with pytest.raises(
            OSError, match=r"no room on the disk to write .*resume the run"
        ) as caught:
            checkpoint.save(saved, {**STATE, "order_key": np.zeros((1, 2), np.uint32)}, META)
    assert caught.value.errno == number
    assert [entry.name for entry in saved.parent.iterdir()] == [saved.name]
    same(checkpoint.load(saved, STATE)[0], STATE)


def test_writes_that_take_only_a_part_are_continued(tmp_path, monkeypatch):
    write = os.write
    monkeypatch.setattr(files.os, "write", lambda fd, data: write(fd, bytes(data[:7])))
    checkpoint.save(tmp_path / "c", STATE, META)
    same(checkpoint.load(tmp_path / "c", STATE)[0], STATE)


def test_a_folder_that_cannot_be_written_is_named(tmp_path):
    with pytest.raises(OSError, match=r"cannot write .*No such file.*choose a folder"):
        checkpoint.save(tmp_path / "no" / "c", STATE, META)
    (tmp_path / "file").write_text("")
    with pytest.raises(OSError, match=r"cannot write .*choose a folder"):
        files.make_folder(tmp_path / "file" / "run")


@pytest.mark.needs("a small disk")
def test_a_disk_that_is_really_full(tmp_path: Path):
    assert small_disk(tmp_path)
    try:
        check_a_full_disk(tmp_path)
    finally:
        subprocess.run(["umount", tmp_path], check=True)


def check_a_full_disk(folder: Path) -> None:
    path = folder / "checkpoint.safetensors"
    checkpoint.save(path, STATE, META)
    big = {**STATE, "more": np.zeros(100_000)}
    with pytest.raises(OSError, match="no room on the disk"):
        checkpoint.save(path, big, META)
    assert [entry.name for entry in folder.iterdir()] == [path.name]
    same(checkpoint.load(path, STATE)[0], STATE)
