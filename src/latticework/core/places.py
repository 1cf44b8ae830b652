"""Folders of the user that can be made again: the cache, wherever it can be kept."""

import functools
import os
import stat
import tempfile
from pathlib import Path

from latticework.core.side_work import warn_once

CACHE_VARIABLE = "LATTICEWORK_CACHE"
"""Environment variable that names another cache folder."""


def cache_folder() -> Path:
    """The folder that downloads are kept in.

    `LATTICEWORK_CACHE` if set; else the user's own cache folder; where the user has no home, or one
    that can neither be read nor written, a folder for temporary files, which is a warning.

    Raises:
        ValueError: the variable begins with `~` and there is no home.
    """
    named = os.environ.get(CACHE_VARIABLE)
    if named:
        return expanded(named)
    own = own_cache()
    if own is not None and (_can_be_read(own) or can_be_written(own)):
        return own
    why = "there is no home folder" if own is None else f"{own} cannot be made"
    return temporary_cache(why)


def own_cache() -> Path | None:
    """The user's own cache folder, there or not; None for a user without a home."""
    # Here, since what needs no data runs without it (benchmarks/gpu.py on a bare machine).
    import platformdirs

    try:
        own = platformdirs.user_cache_path("latticework", appauthor=False)
    except RuntimeError:
        return None
    # Before it raised an error, platformdirs left the ~ in the path.
    return own if own.is_absolute() else None


def temporary_cache(why: str) -> Path:
    """A cache folder among the temporary files, of this user alone; says why it is taken."""
    folder = _temporary_folder()
    warn_once(f"downloads are kept in {folder}: {why}; {CACHE_VARIABLE} names another folder")
    return folder


def can_be_written(folder: Path) -> bool:
    """Whether files can be made in `folder`, or the folder itself."""
    place = folder
    while not os.path.lexists(place) and place != place.parent:
        place = place.parent
    return os.path.isdir(place) and os.access(place, os.W_OK | os.X_OK)  # noqa: PTH112


def expanded(path: str | Path) -> Path:
    """`path` with the home folder in the place of a leading `~`.

    Raises:
        ValueError: whose home that is, is not known.
    """
    try:
        return Path(path).expanduser()
    except RuntimeError:
        raise ValueError(
            f"there is no home folder for {str(path)!r}; write the path without ~"
        ) from None


def _can_be_read(folder: Path) -> bool:
    return os.path.isdir(folder) and os.access(folder, os.R_OK | os.X_OK)  # noqa: PTH112


@functools.cache
def _temporary_folder() -> Path:
    """`latticework-<user>`, so that it is found again; another where someone else has that."""
    user = os.getuid() if hasattr(os, "getuid") else os.environ.get("USERNAME", "user")
    folder = Path(tempfile.gettempdir()) / f"latticework-{user}"
    try:
        folder.mkdir(mode=0o700, exist_ok=True)
        found = folder.lstat()
        is_ours = not hasattr(os, "getuid") or found.st_uid == os.getuid()
        if is_ours and stat.S_ISDIR(found.st_mode) and os.access(folder, os.W_OK):
            return folder
    except OSError:
        pass
    return Path(tempfile.mkdtemp(prefix="latticework-"))
