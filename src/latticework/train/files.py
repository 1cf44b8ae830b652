"""Writing files so that a crash or a full disk never costs what was there before."""

import contextlib
import errno
import json
import math
import os
import secrets
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from latticework.core.side_work import warn_once

_FULL = (errno.ENOSPC, errno.EDQUOT)
_TEMPORARY = ".tmp"
"""End of the names under which content waits to take its place."""
_REFUSED = (errno.EINVAL, errno.ENOTSUP, errno.EOPNOTSUPP, errno.ENOSYS, errno.EROFS)
"""What a file system says that cannot synchronise, as against one that tried and failed."""
_NOT_OPENED = (errno.EACCES, errno.EPERM, errno.EISDIR, errno.EBADF)
"""What is said of a folder as well: Windows opens none, some shares let none be read."""


def write_atomically(path: Path, data: bytes) -> None:
    """Replace `path` by `data`: afterwards either the old or the new content is there, whole.

    Writes a temporary file in the same folder, of a name that no other process uses, fsyncs it,
    renames it, fsyncs the folder.

    Raises:
        OSError: one sentence; `path` is untouched and the temporary file is removed.
    """
    temporary = path.with_name(f".{path.name}.{secrets.token_hex(8)}{_TEMPORARY}")
    try:
        descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o644)
        try:
            _write_all(descriptor, data)
            _sync(descriptor, path)
        finally:
            os.close(descriptor)
        os.replace(temporary, path)  # noqa: PTH105 - one system call, named as such
        _sync_folder(path.parent)
    except KeyboardInterrupt:
        _remove(temporary)
        raise
    except OSError as error:
        _remove(temporary)
        raise explained(error, path, len(data)) from error


def remove_temporaries(folder: Path) -> None:
    """Remove what a crash left half-written in `folder`, where nobody else writes now."""
    for temporary in folder.glob(f".*{_TEMPORARY}"):
        _remove(temporary)


def append_line(path: Path, line: str) -> None:
    """Append one line and fsync it; on failure the file is cut back to what it was.

    Raises:
        OSError: one sentence.
    """
    data = (line + "\n").encode()
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o644)
        try:
            size = os.fstat(descriptor).st_size
            try:
                _write_all(descriptor, data)
                _sync(descriptor, path)
            except OSError:
                with contextlib.suppress(OSError):
                    os.ftruncate(descriptor, size)
                raise
        finally:
            os.close(descriptor)
    except OSError as error:
        raise explained(error, path, len(data)) from error


def make_folder(path: Path) -> None:
    """Make `path` and its parents.

    Raises:
        OSError: one sentence.
    """
    try:
        path.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise explained(error, path, 0) from error


def make_new_folder(stem: Path) -> Path:
    """Make a folder that was not there: `stem`, or with a number where others were faster.

    Raises:
        OSError: one sentence.
    """
    make_folder(stem.parent)
    folder, number = stem, 1
    while True:
        try:
            folder.mkdir()
            return folder
        except FileExistsError:
            number += 1
            folder = stem.with_name(f"{stem.name}-{number}")
        except OSError as error:
            raise explained(error, folder, 0) from error


def write_json(path: Path, value: Any) -> None:
    """Write `value` as indented JSON, atomically; see `plain` for what is allowed in it."""
    write_atomically(path, (json.dumps(plain(value), indent=2) + "\n").encode())


def plain(value: Any) -> Any:
    """`value` in JSON types: arrays become lists, paths strings, non-finite floats None."""
    if isinstance(value, Mapping):
        return {str(key): plain(entry) for key, entry in value.items()}
    if isinstance(value, list | tuple):
        return [plain(entry) for entry in value]
    if isinstance(value, Path):
        return str(value)
    if hasattr(value, "__array__"):
        return plain(np.asarray(value).tolist())
    if isinstance(value, float) and not math.isfinite(value):
        return None
    return value


def _remove(path: Path) -> None:
    with contextlib.suppress(OSError):
        path.unlink(missing_ok=True)


def _write_all(descriptor: int, data: bytes) -> None:
    """Write all of `data`; one `write` may take only a part of it."""
    view = memoryview(data)
    while view:
        view = view[os.write(descriptor, view) :]


def _sync(descriptor: int, path: Path) -> None:
    """Wait until the bytes are on the disk, where the file system can say so."""
    try:
        os.fsync(descriptor)
    except OSError as error:
        if error.errno not in _REFUSED:
            raise
        _warn_of_power_cuts(path.parent, error)


def _sync_folder(folder: Path) -> None:
    """Make a rename in `folder` last through a power cut, where the file system can."""
    try:
        descriptor = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
    except OSError as error:
        if error.errno not in (*_REFUSED, *_NOT_OPENED):
            raise
        if os.name != "nt":  # where it is always so, saying it helps nobody
            _warn_of_power_cuts(folder, error)


def _warn_of_power_cuts(folder: Path, error: OSError) -> None:
    warn_once(
        f"{folder} does not synchronise what is written ({error.strerror or error}): it goes on, "
        "but a power cut may cost what was saved last"
    )


def explained(error: OSError, path: Path, size: int) -> OSError:
    """`error` as one sentence that says what would work; `errno` is kept."""
    if error.errno in _FULL:
        text = (
            f"no room on the disk to write {path} ({size:,} bytes); what was saved before is "
            "intact: free some space, then resume the run"
        )
    else:
        text = (
            f"cannot write {path}: {error.strerror or error}; choose a folder that can be written"
        )
    sentence = OSError(text)
    sentence.errno = error.errno
    return sentence
