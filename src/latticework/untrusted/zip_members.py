"""The members of a zip archive, by its directory alone: as numpy writes them, and nothing else."""

import struct
import zlib
from typing import BinaryIO, NamedTuple

from latticework.core.checks import require

MAX_DIRECTORY = 1 << 20
"""Bytes of the directory: some ten thousand members."""

STORED, DEFLATED = 0, 8
_ENCRYPTED = 1
_END = struct.Struct("<4s4H2LH")
_ENTRY = struct.Struct("<4s6H3L5H2L")
_LOCAL = struct.Struct("<4s5H3L2H")
_NEEDS_64_BITS = 0xFFFFFFFF


class Member(NamedTuple):
    """One file in the archive: its name, where its header begins, and what the directory says."""

    name: str
    start: int
    packed: int
    size: int
    method: int
    checksum: int


def zip_members(file: BinaryIO, length: int) -> list[Member]:
    """What the directory at the end of an archive of `length` bytes lists.

    Raises:
        ValueError: it is no such archive, has a comment, is encrypted or needs 64 bits; or members
            overlap or have the same name. The message is a phrase.
    """
    require(length >= _END.size, "it is no zip archive")
    file.seek(length - _END.size)
    mark, disk, first, here, count, size, start, comment = _END.unpack(file.read(_END.size))
    require(
        mark == b"PK\5\6" and comment == 0 and start + size == length - _END.size,
        "it is no zip archive, or is cut off",
    )
    require(disk == first == 0 and here == count, "it is a part of a zip archive")
    require(size <= MAX_DIRECTORY, f"its directory has {size:,} bytes, more than {MAX_DIRECTORY:,}")
    file.seek(start)
    directory, members, at = file.read(size), [], 0
    while at < size:
        member, at = _entry(directory, at)
        members.append(member)
    require(len(members) == count, "its directory is damaged")
    require(len({member.name for member in members}) == count, "two members have the same name")
    _check_apart(members, start)
    return members


def read_member(file: BinaryIO, member: Member) -> bytes:
    """The content of a member, whose checksum is right.

    Raises:
        ValueError: it is damaged; the message is a phrase.
    """
    file.seek(member.start)
    local = file.read(_LOCAL.size)
    require(len(local) == _LOCAL.size and local[:4] == b"PK\3\4", f"{member.name} has no header")
    *_, name_length, extra_length = _LOCAL.unpack(local)
    name = file.read(name_length)
    require(name == member.name.encode(), f"{member.name} has another name in its own header")
    file.seek(extra_length, 1)
    packed = file.read(member.packed)
    require(len(packed) == member.packed, f"{member.name} is cut off")
    content = packed if member.method == STORED else _inflated(packed, member)
    require(
        len(content) == member.size and zlib.crc32(content) == member.checksum,
        f"{member.name} is damaged: its length or its checksum is wrong",
    )
    return content


def _entry(directory: bytes, at: int) -> tuple[Member, int]:
    """The member that the directory lists at a place, and the place after it."""
    require(at + _ENTRY.size <= len(directory), "its directory is cut off")
    fields = _ENTRY.unpack_from(directory, at)
    (mark, _, _, flags, method, _, _, checksum, packed, size) = fields[:10]
    (name_length, extra_length, comment_length, disk, _, _, start) = fields[10:]
    end = at + _ENTRY.size + name_length + extra_length + comment_length
    require(mark == b"PK\1\2" and disk == 0 and end <= len(directory), "its directory is damaged")
    require(not flags & _ENCRYPTED, "it is encrypted")
    require(method in (STORED, DEFLATED), f"it is packed by method {method}; only deflate is read")
    require(max(packed, size, start) < _NEEDS_64_BITS, "it is larger than 4 GiB")
    try:
        name = directory[at + _ENTRY.size : at + _ENTRY.size + name_length].decode()
    except UnicodeDecodeError:
        raise ValueError("the name of a member is not UTF-8") from None
    require(name.isprintable(), "the name of a member has characters that cannot be printed")
    return Member(name, start, packed, size, method, checksum), end


def _check_apart(members: list[Member], end: int) -> None:
    """Members that share bytes would let a small file hold a large one many times."""
    ordered = sorted(members, key=lambda member: member.start)
    limits = [member.start for member in ordered[1:]] + [end]
    for member, limit in zip(ordered, limits, strict=True):
        whole = _LOCAL.size + len(member.name.encode()) + member.packed
        require(member.start + whole <= limit, f"{member.name} overlaps what follows it")


def _inflated(packed: bytes, member: Member) -> bytes:
    """What deflate made `packed` of, and no byte more than the directory announces."""
    stream = zlib.decompressobj(-zlib.MAX_WBITS)
    try:
        content = stream.decompress(packed, member.size + 1)
    except zlib.error as error:
        raise ValueError(f"{member.name} cannot be unpacked ({error})") from None
    require(
        len(content) <= member.size and not stream.unused_data,
        f"{member.name} is longer than the directory says",
    )
    return content
