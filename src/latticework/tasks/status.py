"""What data is on this machine: for the command `latticework data`."""

from pathlib import Path
from typing import Any

from latticework.core.places import cache_folder
from latticework.tasks.cache import read_known
from latticework.tasks.catalogue import CATALOGUE, FILE_NAMES, KnownSet
from latticework.tasks.digits import digits
from latticework.tasks.folders import find_file, set_folder
from latticework.tasks.images import EMBEDDED, OWN, fetch
from latticework.tasks.sources import DataSource


def data_status(source: DataSource) -> list[dict[str, Any]]:
    """Say which data set is where, without touching the network.

    Args:
        source: names the user's data folder; the cache is always looked at.

    Returns:
        One dictionary of JSON types per data set and place: `dataset`; `place` ("folder",
        "cache" or "embedded"); `path`; `state` ("ok", "absent", "incomplete" or "damaged");
        `bytes` on disk; `checksum_ok`, None where nothing is there to check or nothing is known;
        `note`, one sentence where something is amiss, else empty.
    """
    rows = []
    for name, known in CATALOGUE.items():
        if source.folder is not None:
            place = set_folder(source.folder, name, [file.name for file in known.files])
            rows.append(_known_row(name, known, "folder", place))
        rows.append(_known_row(name, known, "cache", cache_folder() / name))
    if source.folder is not None:
        own = set_folder(source.folder, OWN, FILE_NAMES)
        if own != source.folder:
            rows.append(_own_row(own, source))
    images, _ = digits()
    rows.append(_row(EMBEDDED, "embedded", "scikit-learn", "ok", images.nbytes))
    return rows


def _known_row(name: str, known: KnownSet, place: str, folder: Path) -> dict[str, Any]:
    """The row of a known set in one folder."""
    paths = {file: find_file(folder, file.name) for file in known.files}
    there = {file: path for file, path in paths.items() if path is not None}
    if not there:
        return _row(name, place, str(folder), "absent", 0)
    size = sum(path.stat().st_size for path in there.values())
    for file, path in there.items():
        try:
            read_known(path, file)
        except (ValueError, OSError) as error:
            return _row(name, place, str(folder), "damaged", size, False, str(error))
    if len(there) < len(paths):
        lacking = ", ".join(file.name for file in paths if file not in there)
        return _row(name, place, str(folder), "incomplete", size, True, f"it lacks {lacking}")
    return _row(name, place, str(folder), "ok", size, True)


def _own_row(folder: Path, source: DataSource) -> dict[str, Any]:
    """The row of the user's own files, whose content nobody can vouch for."""
    size = sum(path.stat().st_size for path in folder.iterdir() if path.is_file())
    try:
        fetch(OWN, source)
    except (ValueError, OSError) as error:
        return _row(OWN, "folder", str(folder), "damaged", size, None, str(error))
    return _row(OWN, "folder", str(folder), "ok", size)


def _row(
    dataset: str,
    place: str,
    path: str,
    state: str,
    size: int,
    checksum_ok: bool | None = None,
    note: str = "",
) -> dict[str, Any]:
    """One dictionary."""
    return {
        "dataset": dataset,
        "place": place,
        "path": path,
        "state": state,
        "bytes": size,
        "checksum_ok": checksum_ok,
        "note": note,
    }
