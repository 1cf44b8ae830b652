"""One strict reader for IDX files, plain or gzipped."""

import gzip
import hashlib
import io
import math
import zlib
from pathlib import Path
from typing import NamedTuple

import numpy as np

from latticework.core.checks import require

DEFAULT_CAP = 1 << 27
"""Most bytes of content that a file may announce (128 MiB) unless the caller says otherwise."""

_GZIP = b"\x1f\x8b"
_UINT8 = 8
_CHUNK = 1 << 20


class IdxFile(NamedTuple):
    """What an IDX file held: the array, and the SHA-256 of the uncompressed file."""

    array: np.ndarray
    sha256: str


def read_idx(path: Path, *, rank: int, max_bytes: int = DEFAULT_CAP) -> IdxFile:
    """Read a uint8 array of the given rank from the IDX file `path`.

    The file is two zero bytes, the type code (8, uint8), the rank, one big-endian 32-bit size
    per axis, then exactly the product of the sizes in bytes; the whole may be gzipped, which is
    seen from its first two bytes and not from its name. The sizes are checked against
    `max_bytes` before anything is allocated.

    Args:
        path: the file.
        rank: number of axes expected, 3 for images, 1 for labels.
        max_bytes: most bytes of content accepted.

    Returns:
        The array `[size 0, ..., size rank-1]` and the digest of the uncompressed bytes.

    Raises:
        ValueError: the file is not such a file; the sentence names it and what is wrong.
        OSError: the file cannot be read.

    Reference: the format's description in Y. LeCun, C. Cortes, C. J. C. Burges, "The MNIST
    database of handwritten digits".
    """
    try:
        with path.open("rb") as raw:
            is_gzip = raw.read(2) == _GZIP
            raw.seek(0)
            if is_gzip:
                with gzip.GzipFile(fileobj=raw, mode="rb") as stream:
                    return _parse(stream, path, rank, max_bytes)
            return _parse(raw, path, rank, max_bytes)
    except EOFError:
        raise ValueError(f"{path} is truncated: its gzip stream stops early") from None
    except (gzip.BadGzipFile, zlib.error) as error:
        raise ValueError(f"{path} is damaged: its gzip stream cannot be read ({error})") from None


def _parse(stream: io.BufferedIOBase, path: Path, rank: int, max_bytes: int) -> IdxFile:
    """The array in `stream`, whose every byte must be accounted for."""
    head = stream.read(4)
    require(len(head) == 4, f"{path} is truncated: {len(head)} bytes where the magic needs 4")
    require(
        head[:2] == b"\0\0",
        f"{path} is not an IDX file: it starts with bytes {head.hex(' ')}, not 00 00",
    )
    require(
        head[2] == _UINT8,
        f"{path} holds IDX type code {head[2]:#04x}; only unsigned bytes (0x08) are read",
    )
    require(head[3] == rank, f"{path} has {head[3]} axes; {rank} expected")
    sizes = stream.read(4 * rank)
    require(
        len(sizes) == 4 * rank,
        f"{path} is truncated: its header stops after {4 + len(sizes)} of {4 + 4 * rank} bytes",
    )
    shape = tuple(int(size) for size in np.frombuffer(sizes, dtype=">u4"))
    count = math.prod(shape)
    require(count > 0, f"{path} announces the shape {shape}, which holds nothing")
    require(
        count <= max_bytes,
        f"{path} announces {count:,} bytes (shape {shape}); at most {max_bytes:,} are accepted",
    )
    content = _read_exactly(stream, count, path)
    digest = hashlib.sha256(head + sizes)
    digest.update(content)
    return IdxFile(np.frombuffer(content, dtype=np.uint8).reshape(shape), digest.hexdigest())


def _read_exactly(stream: io.BufferedIOBase, count: int, path: Path) -> bytearray:
    """The `count` bytes that are left in `stream`, no fewer and no more.

    Grows with what is really there, so that a short file cannot make a large allocation.
    """
    content = bytearray()
    while len(content) < count:
        chunk = stream.read(min(_CHUNK, count - len(content)))
        require(bool(chunk), f"{path} is truncated: {len(content):,} of {count:,} bytes of content")
        content += chunk
    require(
        not stream.read(1),
        f"{path} has bytes after the {count:,} that its header announces",
    )
    return content
