"""The files in a gzipped tar archive, one after the other, read as a stream."""

import gzip
import zlib
from collections.abc import Iterator
from pathlib import Path

from latticework.core.checks import require

BLOCK = 512
MAX_UNPACKED = 1 << 28
MAX_MEMBERS = 1 << 14
_FILE = (b"0", b"\0")
_CHUNK = 1 << 20


class DamagedArchiveError(ValueError):
    """An archive that is cut off or damaged, as a phrase; not what is wrong with a file in it."""


class TarFile:
    """One regular file in an archive; can be read until the next one is asked for.

    Args:
        name: its path in the archive, never used as one here.
        size: its bytes.
        stream: where they come from.
    """

    def __init__(self, name: str, size: int, stream: gzip.GzipFile) -> None:
        self.name, self.size = name, size
        self._left, self._stream = size, stream

    def chunks(self) -> Iterator[bytes]:
        """What is left of it, in pieces.

        Raises:
            DamagedArchiveError: the archive is cut off or damaged.
        """
        while self._left:
            chunk = _read(self._stream, min(_CHUNK, self._left))
            if not chunk:
                raise DamagedArchiveError(f"{self.name} is cut off")
            self._left -= len(chunk)
            yield chunk


def tar_files(path: Path) -> Iterator[TarFile]:
    """The regular files in a `.tgz`. Links, folders and long names of extensions are passed over.

    Raises:
        ValueError: it is no such archive, cut off or damaged, or takes more than 256 MiB unpacked;
            a phrase that fits into brackets.
        OSError: it cannot be read.
    """
    with path.open("rb") as raw, gzip.GzipFile(fileobj=raw, mode="rb") as stream:
        unpacked = 0
        for _ in range(MAX_MEMBERS):
            head = _read(stream, BLOCK)
            require(len(head) == BLOCK, "it is cut off")
            if not any(head):
                return
            name, size, kind = _header(head)
            unpacked += size
            require(unpacked <= MAX_UNPACKED, f"it has more than {MAX_UNPACKED:,} bytes unpacked")
            file = TarFile(name, size, stream)
            if kind in _FILE:
                yield file
            for _ in file.chunks():
                pass
            _read(stream, -size % BLOCK)
        raise ValueError(f"it has more than {MAX_MEMBERS:,} members")


def _header(head: bytes) -> tuple[str, int, bytes]:
    """Name, size and kind of a member by its block, whose checksum is right."""
    fields = {"size": head[124:136], "checksum": head[148:156]}
    try:
        size, checksum = (int(text.strip(b" \0") or b"0", 8) for text in fields.values())
    except ValueError:
        raise ValueError("the header of a member is damaged") from None
    require(
        checksum == sum(head) - sum(head[148:156]) + 8 * ord(" ") and size >= 0,
        "the checksum of a member's header is wrong",
    )
    name = head[:100].partition(b"\0")[0]
    prefix = head[345:500].partition(b"\0")[0] if head[257:262] == b"ustar" else b""
    return b"/".join(filter(None, (prefix, name))).decode(errors="replace"), size, head[156:157]


def _read(stream: gzip.GzipFile, count: int) -> bytes:
    """Up to `count` bytes, whatever is wrong with the stream being one exception."""
    try:
        return stream.read(count)
    except (EOFError, zlib.error, gzip.BadGzipFile) as error:
        raise DamagedArchiveError(str(error)) from None
