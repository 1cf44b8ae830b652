"""Which pictures a folder of classes holds, and what tells its content from another's."""

import hashlib
import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from latticework.core.checks import require
from latticework.core.side_work import warn_once
from latticework.untrusted import printable

MOST_BYTES = 1 << 30
"""Bytes of content that a digest reads at most; beyond them, names and sizes count."""

_CHUNK = 1 << 20


@dataclass(frozen=True)
class Listing:
    """The pictures of a folder, class by class.

    Args:
        classes: names of the classes, in the order of their numbers.
        names: path of every picture from the folder.
        numbers: the class of each, int32.
    """

    classes: tuple[str, ...]
    names: tuple[str, ...]
    numbers: np.ndarray


def list_images(folder: str) -> Listing:
    """The pictures of a folder: its sub-directories are the classes, whatever lies below belongs.

    Hidden files and folders, and what an archive of a Mac carries along, are no pictures and no
    classes; neither is a folder without a file, which is named in a warning.

    Raises:
        ValueError: it is no folder, or has no class or no picture.
        OSError: it cannot be read.
    """
    root = Path(folder)
    require(
        root.is_dir(),
        f"there is no folder {printable(folder)}; name one with --task.folder, or, if that of a "
        "run has moved, say where it lies now with --data-dir",
    )
    inside = sorted(entry.name for entry in root.iterdir() if entry.is_dir())
    inside = [name for name in inside if not _is_hidden(name)]
    require(
        len(inside) > 0,
        f"{printable(folder)} has no sub-directory; expected one per class, with the images in it",
    )
    found = {name: sorted(_files(folder, name, frozenset())) for name in inside}
    empty = [printable(name) for name in inside if not found[name]]
    classes = tuple(name for name in inside if found[name])
    require(len(classes) > 0, f"the sub-directories of {printable(folder)} hold no file")
    if empty:
        warn_once(f"{', '.join(empty)} in {printable(folder)} hold no file, and are no classes")
    return Listing(
        classes,
        tuple(path for name in classes for path in found[name]),
        np.repeat(np.arange(len(classes), dtype=np.int32), [len(found[name]) for name in classes]),
    )


def content_digest(folder: str, names: Sequence[str]) -> str:
    """SHA-256 of names and sizes of pictures, and of the content of as many as `MOST_BYTES` hold.

    The same wherever the folder lies. The pictures whose content is read are chosen by a digest of
    their names, so that every class has some.

    Args:
        folder: the folder.
        names: paths from it.
    """
    digest = hashlib.sha256()
    for name in names:
        size = Path(folder, name).stat().st_size
        digest.update(b"%s\0%d\n" % (_bytes(name), size))
    left = MOST_BYTES
    for name in sorted(names, key=lambda name: hashlib.sha256(_bytes(name)).digest()):
        for chunk in _content(Path(folder, name), left):
            digest.update(chunk)
            left -= len(chunk)
    return digest.hexdigest()


def class_of(path: str, folder: str) -> str:
    """The class of a picture: the sub-directory of `folder` that it lies in or below."""
    return printable(Path(os.path.relpath(path, folder or os.curdir)).parts[0])


def _files(folder: str, inside: str, above: frozenset[str]) -> Iterator[str]:
    """Paths, from the folder, of all files below `inside`; links lead on, but not in circles."""
    place = Path(folder, inside)
    real = os.path.realpath(place)
    if real in above:
        return
    with os.scandir(place) as entries:  # which knows kinds without asking again
        for entry in entries:
            if _is_hidden(entry.name):
                continue
            # Joined as text: the split depends on how the folder is spelled.
            name = os.path.join(inside, entry.name)  # noqa: PTH118
            if entry.is_dir():
                yield from _files(folder, name, above | {real})
            elif entry.is_file():
                yield name


def _is_hidden(name: str) -> bool:
    return name.startswith(".") or name == "__MACOSX"


def _bytes(name: str) -> bytes:
    """A path from the folder as the same bytes on every system."""
    return os.fsencode(name.replace(os.sep, "/"))


def _content(path: Path, most: int) -> Iterator[bytes]:
    """The first bytes of a file; none of one that cannot be read, which reading it will say."""
    try:
        with path.open("rb") as file:
            while most > 0 and (chunk := file.read(min(_CHUNK, most))):
                most -= len(chunk)
                yield chunk
    except OSError:
        return
