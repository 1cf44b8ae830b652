"""A folder that one process writes at a time."""

import contextlib
import errno
import json
import os
import socket
import time
from collections.abc import Iterator
from pathlib import Path

from latticework.core.side_work import warn
from latticework.train.files import explained, make_folder, remove_temporaries
from latticework.untrusted import parse_json

if os.name == "nt":
    import msvcrt
else:
    import fcntl

LOCK_FILE = ".lock"
"""Its content says who holds the folder; what keeps others out is the lock on the open file, which
ends with its process however that ends. The file stays: to remove it would let two in."""

_BUSY = (errno.EWOULDBLOCK, errno.EAGAIN, errno.EACCES, errno.EDEADLK)
_BEYOND = 1 << 30
"""The locked byte on Windows, where a lock also keeps others from reading: beyond the content."""


@contextlib.contextmanager
def hold(folder: Path) -> Iterator[None]:
    """Make `folder` if need be, and keep every other process and every other run of this one out.

    What a crash left half-written in it is removed. Where the file system knows no locks, which
    some network drives do not, one line says so and nothing is kept out.

    Raises:
        ValueError: another holds it; the sentence names the process and says since when.
        OSError: the folder cannot be written.
    """
    make_folder(folder)
    path = folder / LOCK_FILE
    try:
        file = path.open("a+b")
    except OSError as error:
        raise explained(error, path, 0) from error
    with file:
        try:
            _lock(file.fileno())
        except OSError as error:
            if error.errno in _BUSY:
                raise ValueError(
                    f"{folder} is being written by {_holder(path)}; wait until it has ended, stop "
                    "it, or choose another folder"
                ) from error
            warn(
                f"{folder} cannot be locked ({error.strerror or error}); see to it that no second "
                "process writes there"
            )
        else:
            _sign(file.fileno())
            remove_temporaries(folder)
        try:
            yield
        finally:
            _clear(file.fileno())


def _lock(descriptor: int) -> None:
    """Take the lock at once or raise `OSError`."""
    if os.name == "nt":
        os.lseek(descriptor, _BEYOND, os.SEEK_SET)
        msvcrt.locking(descriptor, msvcrt.LK_NBLCK, 1)  # pyright: ignore
    else:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)  # pyright: ignore


def _sign(descriptor: int) -> None:
    """Say in the file who holds the lock; what does not get there only shortens a sentence."""
    holder = {
        "process": os.getpid(),
        "host": socket.gethostname(),
        "since": time.strftime("%Y-%m-%d %H:%M:%S"),
    }
    _clear(descriptor)
    with contextlib.suppress(OSError):
        os.write(descriptor, (json.dumps(holder) + "\n").encode())


def _clear(descriptor: int) -> None:
    with contextlib.suppress(OSError):
        os.ftruncate(descriptor, 0)
        os.lseek(descriptor, 0, os.SEEK_SET)


def _holder(path: Path) -> str:
    """Who holds the lock, in words."""
    try:
        with path.open("rb") as file:
            holder = parse_json(file.read(4096))
        process, host, since = int(holder["process"]), str(holder["host"]), str(holder["since"])
    except (OSError, ValueError, KeyError, TypeError):
        return "another process"
    place = "" if host == socket.gethostname() else f" on {host}"
    return f"process {process}{place} since {since}"
