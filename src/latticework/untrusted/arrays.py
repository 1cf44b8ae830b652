"""numpy's files, `.npy` and `.npz`, without pickle: the header is matched, never evaluated."""

import math
import os
import re
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from latticework.core.checks import require
from latticework.untrusted.zip_members import read_member, zip_members

MAX_HEADER = 1 << 12
MAX_AXES = 32
LEAST_TOTAL = 1 << 27
"""Bytes of arrays that an archive of any size may hold; a larger one, eight times its own size."""

GROWTH = 8
_MAGIC = b"\x93NUMPY"
_PAIR = (
    rb"\s*['\"](?:descr['\"]\s*:\s*['\"](?P<descr>[<>|=]?[a-zA-Z?]\d{0,6})['\"]"
    rb"|fortran_order['\"]\s*:\s*(?P<order>True|False)"
    rb"|shape['\"]\s*:\s*\((?P<shape>[\d, L]{0,900})\))\s*"
)
_FIELD = re.compile(_PAIR)
_ITEMSIZES = {"b": (1,), "i": (1, 2, 4, 8), "u": (1, 2, 4, 8), "f": (2, 4, 8)}
_LAST_CHARACTER = 0x10FFFF


class Header(NamedTuple):
    """What stands before the numbers: their type, their order, their shape; and its length."""

    dtype: np.dtype[Any]
    is_fortran: bool
    shape: tuple[int, ...]
    length: int

    @property
    def num_bytes(self) -> int:
        """Bytes of the array."""
        return math.prod(self.shape) * self.dtype.itemsize


def read_npy(path: Path, most: int) -> np.ndarray:
    """The array in an `.npy` file.

    Args:
        path: the file.
        most: most numbers that are accepted.

    Raises:
        ValueError: it is no such file of numbers, flags or words, or not whole.
        OSError: it cannot be read.
    """
    require(path.is_file(), f"there is no file {path}")
    try:
        with path.open("rb") as file:
            length = os.fstat(file.fileno()).st_size
            header = _header(file.read(MAX_HEADER))
            count = math.prod(header.shape)
            require(count <= most, f"it holds {count:,} numbers, at most {most:,} are read")
            _check_length(header, length)
            file.seek(header.length)
            return _array(file.read(header.num_bytes), header)
    except ValueError as error:
        raise ValueError(
            f"{path} is not a whole .npy file of plain numbers ({error}); write it with numpy.save"
        ) from error


def read_npz(path: Path) -> dict[str, np.ndarray]:
    """The arrays in an `.npz` archive, by name, in its order.

    Raises:
        ValueError: it is no such archive, not whole, or too large when unpacked.
        OSError: it cannot be read.
    """
    require(path.is_file(), f"there is no file {path}")
    try:
        with path.open("rb") as file:
            length = os.fstat(file.fileno()).st_size
            members = zip_members(file, length)
            total, most = sum(member.size for member in members), max(LEAST_TOTAL, GROWTH * length)
            require(total <= most, f"it would take {total:,} bytes unpacked, more than {most:,}")
            arrays = {}
            for member in members:
                require(member.name.endswith(".npy"), f"it holds {member.name}, which is no array")
                name, content = member.name.removesuffix(".npy"), read_member(file, member)
                arrays[name] = _whole_array(name, content)
            return arrays
    except ValueError as error:
        raise ValueError(
            f"{path} is not a whole .npz archive of plain arrays ({error}); copy it again"
        ) from error


def _whole_array(name: str, content: bytes) -> np.ndarray:
    try:
        header = _header(content[:MAX_HEADER])
        _check_length(header, len(content))
        return _array(memoryview(content)[header.length :], header)
    except ValueError as error:
        raise ValueError(f"{name}: {error}") from None


def _check_length(header: Header, length: int) -> None:
    require(
        header.length + header.num_bytes == length,
        f"its header announces {header.num_bytes:,} bytes (shape {header.shape} of "
        f"{header.dtype}), {length - header.length:,} follow",
    )


def _header(head: bytes) -> Header:
    """The header at the beginning of an `.npy` file."""
    require(head[:6] == _MAGIC and len(head) >= 12, "it does not begin as numpy's files do")
    width = {1: 2, 2: 4, 3: 4}.get(head[6])
    if width is None:
        raise ValueError(f"it is of version {head[6]} of numpy's format, expected 1, 2 or 3")
    start = 8 + width
    end = start + int.from_bytes(head[8:start], "little")
    require(end <= len(head), "its header is cut off or longer than that of plain numbers")
    fields = _fields(head[start:end])
    sizes = [size.strip() for size in fields["shape"].replace("L", "").split(",")]
    shape = tuple(int(size) for size in sizes if size)
    # (3) is no tuple in Python, and an empty size is only what follows the last comma.
    require("" not in sizes[:-1] and (len(sizes) != 1 or not shape), "its shape is no tuple")
    require(
        len(shape) <= MAX_AXES and all(size < 2**48 for size in shape),
        f"its shape has {len(shape)} axes of up to {max(shape, default=0):,}",
    )
    return Header(_dtype(fields["descr"]), fields["order"] == "True", shape, end)


def _fields(text: bytes) -> dict[str, str]:
    """The three entries of the dictionary that the header spells."""
    body = text.strip()
    require(body[:1] == b"{" and body[-1:] == b"}", "its header is no dictionary")
    at, end, fields = 1, len(body) - 1, {}
    while at < end and (match := _FIELD.match(body, at, end)):
        fields |= {k: v.decode() for k, v in match.groupdict().items() if v is not None}
        at = match.end()
        if body[at : at + 1] == b",":
            at += 1
        if not body[at:end].strip():
            at = end
    require(
        at == end and fields.keys() == {"descr", "order", "shape"},
        "its header is not that of plain numbers",
    )
    return fields


def _dtype(descr: str) -> np.dtype[Any]:
    """Numbers, flags and words; nothing that holds objects, records or dates."""
    order, kind, size = re.fullmatch(r"([<>|=]?)(\D)(\d*)", descr).groups()  # pyright: ignore
    is_word = kind == "U" and size != "" and 0 < int(size) <= 1000
    require(
        is_word or (size != "" and int(size) in _ITEMSIZES.get(kind, ())),
        f"it holds values of type {descr}; expected numbers, flags or words",
    )
    return np.dtype(f"{order}{kind}{size}")


def _array(content: bytes | memoryview, header: Header) -> np.ndarray:
    """The array that `content` spells, with memory of its own."""
    flat = np.frombuffer(content, header.dtype).copy()
    if header.dtype.kind == "b":
        require(flat.view(np.uint8).max(initial=0) <= 1, "it holds bytes that are no flags")
    if header.dtype.kind == "U":
        codes = flat.view(header.dtype.str[0] + "u4")
        is_half = (codes >= 0xD800) & (codes <= 0xDFFF)
        require(
            codes.max(initial=0) <= _LAST_CHARACTER and not is_half.any(),
            "it holds words of characters that do not exist",
        )
    return flat.reshape(header.shape, order="F" if header.is_fortran else "C")
