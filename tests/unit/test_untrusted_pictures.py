"""Pictures and archives from outside: read by their headers first, refused in one sentence."""

import contextlib
import gzip
import io
import struct
import tarfile
import tracemalloc
import zlib
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from latticework.studies.own_arrays import MAX_EXAMPLES
from latticework.studies.own_images import read_examples
from latticework.tasks import RowImage
from latticework.tasks.image_files import Crop, ImageFiles
from latticework.untrusted.pictures import FORMATS, read_picture
from latticework.untrusted.tar_members import DamagedArchiveError, tar_files

INPUTS = Path(__file__).parents[1] / "inputs"
TASK = RowImage("digits")


def png(width: int, height: int, *chunks: tuple[bytes, bytes], depth: int = 8) -> bytes:
    """A PNG of one grey channel and no more than what is given."""
    head = struct.pack(">LLBBBBB", width, height, depth, 0, 0, 0, 0)
    parts = ((b"IHDR", head), *chunks, (b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">L", len(body)) + name + body + struct.pack(">L", zlib.crc32(name + body))
        for name, body in parts
    )


@pytest.mark.parametrize("kind", FORMATS)
def test_every_format_is_read_as_pillow_reads_it(tmp_path, kind):
    pixels = np.random.default_rng(0).integers(0, 256, (30, 20, 3), dtype=np.uint8)
    Image.fromarray(pixels).save(tmp_path / "x.of_any_name", kind)
    with Image.open(tmp_path / "x.of_any_name") as opened:
        expected = np.asarray(opened)
    np.testing.assert_array_equal(
        np.asarray(read_picture(tmp_path / "x.of_any_name").image), expected
    )


def test_a_line_of_200_000_pixels_is_refused_by_its_header():
    with pytest.raises(ValueError, match=r"200,000 x 1 pixels; at most 8,192 on a side"):
        read_examples(INPUTS / "line200k.png", TASK)


def test_an_odd_orientation_is_no_traceback():
    (example,) = read_examples(INPUTS / "srational.jpg", TASK)
    assert "turned as the file says it was taken" in example.notes


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (png(8000, 8000), "on a side|which take"),
        (png(2**31 - 1, 2**31 - 1), "exceeds limit|on a side|no PNG"),
        (png(0, 5), "no PNG|on a side|cannot"),
        (png(8, 8, (b"IDAT", zlib.compress(bytes(20)))), "truncated|broken"),
        (png(8, 8)[:30], "no PNG"),
        (png(8, 8, (b"zTXt", b"a\0\0" + zlib.compress(bytes(1 << 21)))), ""),
        (b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n", "is no PNG, JPEG, GIF"),
        (b"P2 1000 1000 255\n" + b"1 " * 99, "slow to read"),
        (b"P6 8 8 255\n" + bytes(9), "truncated|not processed|cannot"),
        (b"GIF89a" + bytes(20), "is no PNG|cannot"),
        (b"", "is no PNG"),
    ],
)
def test_refused_pictures(tmp_path, content, expected):
    (tmp_path / "x.png").write_bytes(content)
    with pytest.raises(ValueError, match=f"x.png cannot be read as a picture .*({expected})"):
        read_examples(tmp_path / "x.png", TASK)
    files = ImageFiles((str(tmp_path / "x.png"),), Crop(4, 0.1, 1.3, False, 0), skip_corrupt=False)
    with pytest.raises(ValueError, match=r"the image .* cannot be read"):
        files.read_once()


def test_a_chunk_that_announces_4_gib_gets_what_there_is(tmp_path):
    whole = png(8, 8, (b"IDAT", zlib.compress(bytes(range(72)))))
    at = whole.index(b"IDAT") - 4
    (tmp_path / "x.png").write_bytes(whole[:at] + b"\xff\xff\xff\xf0" + whole[at + 4 :])
    tracemalloc.start()
    with contextlib.suppress(ValueError):
        read_picture(tmp_path / "x.png")
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 16 << 20


def test_as_many_examples_as_fit(tmp_path):
    np.save(tmp_path / "x.npy", np.zeros((MAX_EXAMPLES + 1, 2, 2), np.uint8))
    with pytest.raises(ValueError, match=r"10,001 examples; at most 10,000"):
        read_examples(tmp_path / "x.npy", TASK)


def test_a_line_in_an_array_is_refused(tmp_path):
    np.save(tmp_path / "x.npy", np.arange(9000, dtype=np.uint16)[:, None])
    with pytest.raises(ValueError, match=r"at most 8,192 pixels on a side"):
        read_examples(tmp_path / "x.npy", TASK)


def tgz(*members: tuple[str, bytes]) -> bytes:
    made = io.BytesIO()
    with tarfile.open(fileobj=made, mode="w") as archive:
        for name, content in members:
            info = tarfile.TarInfo(name)
            info.size = len(content)
            archive.addfile(info, io.BytesIO(content))
    return made.getvalue()


def test_the_files_of_an_archive_are_read_one_after_the_other(tmp_path):
    members = (("package/a", b"x" * 700), ("../b", b""), ("/c", b"yy"))
    (tmp_path / "x.tgz").write_bytes(gzip.compress(tgz(*members)))
    read = [
        (m.name, b"".join(m.chunks()) if m.size else b"") for m in tar_files(tmp_path / "x.tgz")
    ]
    assert read == list(members)
    assert [m.name for m in tar_files(tmp_path / "x.tgz")] == ["package/a", "../b", "/c"]
    assert list(tmp_path.rglob("*")) == [tmp_path / "x.tgz"]


def header(field: slice, value: bytes) -> bytes:
    """An archive whose first header has another field, and a right checksum."""
    made = bytearray(tgz(("a", b"x")))
    made[field] = value
    made[148:156] = b"%06o\0 " % sum(made[:148] + b" " * 8 + made[156:512])
    return bytes(made)


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (header(slice(124, 136), b"77777777777\0"), "more than 268,435,456 bytes"),
        (header(slice(124, 136), b"\x80" + b"\xff" * 11), "header of a member is damaged"),
        (header(slice(124, 136), b"-1".ljust(12)), "checksum|damaged"),
        (tgz(("a", b"x"))[:700], "is cut off"),
        (bytes(511), "cut off"),
        (b"x" + tgz(("a", b""))[1:], "checksum of a member's header is wrong"),
    ],
)
def test_refused_archives(tmp_path, content, expected):
    (tmp_path / "x.tgz").write_bytes(gzip.compress(content))
    with pytest.raises(ValueError, match=expected):
        [b"".join(member.chunks()) for member in tar_files(tmp_path / "x.tgz")]


def test_an_archive_that_is_not_packed(tmp_path):
    (tmp_path / "x.tgz").write_bytes(tgz(("a", b"x")))
    with pytest.raises(DamagedArchiveError, match="gzip"):
        list(tar_files(tmp_path / "x.tgz"))
