"""Known files on disk: reading them with their digest checked, keeping them in the cache."""

import contextlib
import errno
import math
import os
import tempfile
from collections.abc import Iterable
from pathlib import Path

import numpy as np

from latticework.core.checks import require
from latticework.core.places import CACHE_VARIABLE, can_be_written, temporary_cache
from latticework.tasks.catalogue import CATALOGUE, KnownFile
from latticework.tasks.idx import read_idx


def writable(folder: Path) -> Path:
    """`folder`, a set's in the cache, or where downloads of that set can be kept in its place.

    A folder that LATTICEWORK_CACHE names is taken as it is: it is used or refused.
    """
    if os.environ.get(CACHE_VARIABLE) or can_be_written(folder):
        return folder
    return temporary_cache(f"{folder} cannot be written") / folder.name


def read_known(path: Path, file: KnownFile) -> np.ndarray:
    """Read `path` and check that it is `file` to the last byte.

    Raises:
        ValueError: it is not; the sentence names the path, and both digests where they differ.
        OSError: it cannot be read.
    """
    read = read_idx(path, rank=len(file.shape), max_bytes=math.prod(file.shape))
    require(
        read.sha256 == file.sha256,
        f"{path} has the wrong checksum: its uncompressed SHA-256 is {read.sha256}"
        f"{_identity(read.sha256)}, expected {file.sha256}",
    )
    return read.array


def store(folder: Path, name: str, chunks: Iterable[bytes], file: KnownFile) -> np.ndarray:
    """Keep `chunks` as `folder/name` if they are `file`, and return what it holds.

    Writes a temporary file in the same folder, fsyncs it, reads it back with its digest checked,
    then renames it: under its own name a file is whole and right, whenever the power goes.

    Raises:
        ValueError: the bytes are not `file`; nothing is kept.
        OSError: one sentence that names the folder; nothing is kept.
        Exception: whatever `chunks` raises; nothing is kept.
    """
    temporary = None
    try:
        with _explained(folder):
            folder.mkdir(parents=True, exist_ok=True)
            descriptor, temporary = tempfile.mkstemp(".part", f"{name}.", folder)
            stream = os.fdopen(descriptor, "wb")
        with stream:
            for chunk in chunks:
                with _explained(folder):
                    stream.write(chunk)
            with _explained(folder):
                stream.flush()
                os.fsync(stream.fileno())
        array = read_known(Path(temporary), file)
        with _explained(folder):
            Path(temporary).replace(folder / name)
        return array
    finally:
        if temporary is not None:
            with contextlib.suppress(OSError):
                Path(temporary).unlink(missing_ok=True)


@contextlib.contextmanager
def _explained(folder: Path):
    """Turn an `OSError` of the disk into one sentence that says what would work."""
    try:
        yield
    except OSError as error:
        full = error.errno in (errno.ENOSPC, errno.EDQUOT)
        reason = "the disk is full" if full else (error.strerror or str(error)).lower()
        raise OSError(
            error.errno,
            f"nothing can be kept in the cache folder {folder}: {reason}; make room there or name "
            f"another folder in {CACHE_VARIABLE}",
        ) from error


def _identity(sha256: str) -> str:
    """Which known file a digest belongs to, in brackets, if any."""
    for known in CATALOGUE.values():
        for file in known.files:
            if file.sha256 == sha256:
                return f" (that is {file.name} of {known.title})"
    return ""
