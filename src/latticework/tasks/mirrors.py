"""Files from https mirrors: a mirror that does not answer is given up within seconds."""

import http.client
import math
import queue
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from latticework.tasks.cache import store
from latticework.tasks.catalogue import KnownSet

ANSWER_SECONDS = 4.0
"""Longest wait for a mirror's first answer, name look-up and redirections included."""

STALL_SECONDS = 8.0
"""Longest silence in the middle of a file."""

TOTAL_SECONDS = 180.0
"""Longest time for all mirrors of one data set together."""

_CHUNK = 1 << 16
_SLACK = 1 << 16


class SourceError(Exception):
    """One source cannot give the files; the message is the reason, without a full stop."""


def fetch_from_mirror(
    base: str, known: KnownSet, folder: Path, have: dict[str, np.ndarray], deadline: float
) -> None:
    """Download into `folder` what `have` still lacks of `known`, and add it to `have`.

    Args:
        base: address of the mirror's folder, with a closing slash.
        known: the data set.
        folder: where the files are kept.
        have: arrays by file name; filled in place, also when a later file fails.
        deadline: `time.monotonic()` at which to give up.

    Raises:
        SourceError: the mirror does not give the files, or gives others.
        OSError: the folder cannot be written.
    """
    for file in known.files:
        if file.name in have:
            continue
        # gzip makes incompressible bytes longer by a few in ten thousand
        limit = math.prod(file.shape) * 1001 // 1000 + _SLACK
        chunks = _download(f"{base}{file.name}.gz", limit, deadline)
        try:
            have[file.name] = store(folder, f"{file.name}.gz", chunks, file)
        except ValueError as error:
            raise SourceError(f"it sent other bytes than expected ({error})") from None


def _download(url: str, limit: int, deadline: float) -> Iterator[bytes]:
    """The content of `url` in pieces, at most `limit` bytes, until `deadline`."""
    response = _open(url, min(ANSWER_SECONDS, deadline - time.monotonic()))
    with response:
        total = 0
        while chunk := _read(response):
            total += len(chunk)
            if total > limit:
                raise SourceError(f"it sent more than {limit:,} bytes for {url}")
            if time.monotonic() > deadline:
                raise SourceError("it is too slow: the time for downloads is used up")
            yield chunk


def _open(url: str, seconds: float) -> Any:
    """The answer to `url`, or a reason within `seconds`.

    The call runs in a thread of its own because no timeout reaches a name look-up that hangs.
    """
    if seconds <= 0:
        raise SourceError("not tried: the time for downloads is used up")
    answer: queue.Queue[Any] = queue.Queue()
    given_up = threading.Event()

    def ask() -> None:
        try:
            response = urllib.request.urlopen(url, timeout=STALL_SECONDS)
        except Exception as error:  # handed to the caller's thread, whatever it is
            if isinstance(error, urllib.error.HTTPError):
                error.close()
            answer.put(error)
            return
        if given_up.is_set():
            response.close()
        answer.put(response)

    threading.Thread(target=ask, daemon=True, name="latticework-download").start()
    try:
        got = answer.get(timeout=seconds)
    except queue.Empty:
        given_up.set()
        raise SourceError(f"no answer within {seconds:.0f} s") from None
    if isinstance(got, Exception):
        raise SourceError(_reason(got)) from got
    return got


def _read(response: Any) -> bytes:
    """The next bytes; `read1` returns what has come, so that the deadline is looked at often."""
    try:
        return response.read1(_CHUNK)
    except (OSError, http.client.HTTPException) as error:
        raise SourceError(f"the download broke off: {_reason(error)}") from error


def _reason(error: Exception) -> str:
    """`error` in a few words."""
    if isinstance(error, urllib.error.HTTPError):
        return f"HTTP status {error.code}"
    if isinstance(error, urllib.error.URLError):
        error = error.reason if isinstance(error.reason, Exception) else error
    if isinstance(error, TimeoutError):
        return "timed out"
    return getattr(error, "strerror", None) or str(error) or type(error).__name__
