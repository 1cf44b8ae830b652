"""The bytes of a file, if it is one and not too long."""

import os
import stat
from pathlib import Path

from latticework.core.checks import require

CHUNK = 1 << 20


def read_file(path: Path, most: int) -> bytes:
    """All bytes of a regular file.

    Raises:
        ValueError: it is no regular file, or longer than `most` bytes.
        OSError: it is not there or cannot be read.
    """
    # Not waiting: opening a pipe that nobody writes to would never come back.
    flags = os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0)
    with os.fdopen(os.open(path, flags), "rb") as file:
        status = os.fstat(file.fileno())
        require(stat.S_ISREG(status.st_mode), f"{path} is no regular file")
        require(
            status.st_size <= most,
            f"{path} has {status.st_size:,} bytes; at most {most:,} are read",
        )
        # A file that grows meanwhile is not read further than what was looked at.
        return file.read(status.st_size)
