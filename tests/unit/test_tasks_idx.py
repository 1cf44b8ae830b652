"""The IDX reader: what is whole is read to the byte, anything else is one clear ValueError."""

import gzip
import hashlib
import tempfile
import tracemalloc
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tasks_support import idx_bytes

from latticework.tasks.idx import read_idx

SHAPES = st.lists(st.integers(1, 6), min_size=1, max_size=3).map(tuple)


@st.composite
def small_arrays(draw) -> np.ndarray:
    shape = draw(SHAPES)
    size = int(np.prod(shape))
    return np.frombuffer(draw(st.binary(min_size=size, max_size=size)), np.uint8).reshape(shape)


def read(content: bytes, rank: int, **options):
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "some-file"
        path.write_bytes(content)
        return read_idx(path, rank=rank, **options)


@given(small_arrays(), st.booleans())
def test_round_trip(array, zipped):
    content = idx_bytes(array)
    got = read(gzip.compress(content, 1) if zipped else content, array.ndim)
    assert got.array.dtype == np.uint8
    assert got.array.shape == array.shape
    assert np.array_equal(got.array, array)
    assert got.sha256 == hashlib.sha256(content).hexdigest()


@given(small_arrays(), st.booleans(), st.data())
def test_every_truncation_is_refused(array, zipped, data):
    content = idx_bytes(array)
    content = gzip.compress(content, 1) if zipped else content
    kept = data.draw(st.integers(0, len(content) - 1))
    with pytest.raises(ValueError, match=r"some-file.* is truncated|some-file.* is damaged"):
        read(content[:kept], array.ndim)


@given(small_arrays(), st.booleans(), st.binary(min_size=1, max_size=9))
def test_trailing_bytes_are_refused(array, zipped, tail):
    content = idx_bytes(array) + tail
    with pytest.raises(ValueError, match="some-file has bytes after"):
        read(gzip.compress(content, 1) if zipped else content, array.ndim)


@given(small_arrays(), st.booleans(), st.data())
def test_every_flipped_bit_of_the_header_is_refused(array, zipped, data):
    content = bytearray(idx_bytes(array))
    bit = data.draw(st.integers(0, 8 * 4 * (1 + array.ndim) - 1))
    content[bit // 8] ^= 1 << bit % 8
    with pytest.raises(ValueError, match="some-file"):
        read(gzip.compress(content, 1) if zipped else bytes(content), array.ndim)


@given(small_arrays(), st.data())
def test_a_flipped_bit_of_a_gzip_file_is_refused_or_harmless(array, data):
    content = bytearray(gzip.compress(idx_bytes(array), 1))
    bit = data.draw(st.integers(0, 8 * len(content) - 1))
    content[bit // 8] ^= 1 << bit % 8
    try:
        got = read(bytes(content), array.ndim)
    except ValueError as error:
        assert "some-file" in str(error)
    else:
        assert np.array_equal(got.array, array)


@settings(max_examples=200)
@given(st.binary(max_size=64), st.integers(1, 3))
def test_any_bytes_are_read_or_refused(content, rank):
    for head in (b"", b"\0\0\x08", b"\x1f\x8b\x08"):
        try:
            got = read(head + content, rank, max_bytes=100)
        except ValueError as error:
            assert "some-file" in str(error)
        else:
            assert got.array.size <= 100


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (b"\x89PNG\r\n\x1a\n", "is not an IDX file: it starts with bytes 89 50 4e 47"),
        (idx_bytes(np.zeros((2, 2)), type_code=0x0D), "type code 0x0d; only unsigned bytes"),
        (idx_bytes(np.zeros(5)), "has 1 axes; 2 expected"),
        (idx_bytes(np.zeros((0, 3))), r"the shape \(0, 3\), which holds nothing"),
        (b"\0\0\x08\x02\0\0", "its header stops after 6 of 12 bytes"),
        (idx_bytes(np.zeros((3, 4)))[:-2], "is truncated: 10 of 12 bytes of content"),
        (b"", "is truncated: 0 bytes where the magic needs 4"),
    ],
)
def test_the_sentence_says_what_is_wrong(content, sentence):
    with pytest.raises(ValueError, match=sentence):
        read(content, 2)


def test_the_cap_is_the_last_size_accepted():
    content = idx_bytes(np.zeros((4, 25)))
    assert read(content, 2, max_bytes=100).array.size == 100
    with pytest.raises(ValueError, match=r"announces 100 bytes .*; at most 99 are accepted"):
        read(content, 2, max_bytes=99)


def peak_bytes(content: bytes, rank: int, **options) -> int:
    """Most memory in use while `content` is refused."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "some-file"
        path.write_bytes(content)
        tracemalloc.start()
        try:
            with pytest.raises(ValueError, match="some-file"):
                read_idx(path, rank=rank, **options)
            return tracemalloc.get_traced_memory()[1]
        finally:
            tracemalloc.stop()


@pytest.mark.parametrize("zipped", [False, True])
def test_a_header_that_lies_allocates_nothing(zipped):
    huge = b"\0\0\x08\x03" + b"\xff" * 12
    under_the_cap = b"\0\0\x08\x01" + (200_000_000).to_bytes(4, "big") + bytes(10)
    for content in (huge, under_the_cap):
        packed = gzip.compress(content) if zipped else content
        assert peak_bytes(packed, content[3]) < 3_000_000


def test_a_gzip_bomb_is_not_unpacked():
    bomb = gzip.compress(idx_bytes(np.zeros(10)) + bytes(50_000_000), 1)
    assert peak_bytes(bomb, 1) < 3_000_000


def test_a_missing_file_is_an_os_error(tmp_path):
    with pytest.raises(FileNotFoundError):
        read_idx(tmp_path / "nothing", rank=1)
