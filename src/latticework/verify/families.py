"""The families of golden files: what they hold, and what replays it."""

import fnmatch
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from latticework.verify.archive import Archive
from latticework.verify.outcomes import Check


@dataclass(frozen=True)
class Context:
    """What a replay may use beside its file.

    Args:
        data_dir: folder with the data sets, None for the usual places.
    """

    data_dir: Path | None = None


Replay = Callable[[Archive, Context], Iterable[Check]]
"""Computes every quantity of a golden file anew and compares.

Raises ValueError when the file does not fit itself, `SkippedCaseError` when something is missing
here."""


@dataclass(frozen=True)
class Layout:
    """What a golden file may hold; it is known by its arrays, whatever the file is called.

    Args:
        name: in a few words.
        arrays: what tells it from the others: names of arrays, `*` standing for any letters.
        replay: what computes it anew.
    """

    name: str
    arrays: tuple[str, ...]
    replay: Replay

    def missing(self, names: Collection[str]) -> list[str]:
        """Those of `arrays` that none of `names` is."""
        return [array for array in self.arrays if not fnmatch.filter(names, array)]


@dataclass(frozen=True)
class Family:
    """Golden files that belong together.

    Args:
        name: the family, and the usual name of its folder.
        files: the files of this repository, and the layout of each.
        elsewhere: those of the files that may be lacking: they are not of this repository.
    """

    name: str
    files: Mapping[str, Layout]
    elsewhere: frozenset[str] = frozenset()

    @property
    def layouts(self) -> tuple[Layout, ...]:
        """Every layout once."""
        return tuple({layout.name: layout for layout in self.files.values()}.values())


def layout_of(names: Collection[str], families: Sequence[Family]) -> tuple[Family, Layout] | None:
    """The layout of a file with these arrays; None where it is not known."""
    for family in families:
        for layout in family.layouts:
            if not layout.missing(names):
                return family, layout
    return None


def unknown_layout(file: str, names: Collection[str], families: Sequence[Family]) -> str:
    """The sentence that says which layouts are known, and what the nearest lacks."""
    known = {f"{f.name} {layout.name}": layout for f in families for layout in f.layouts}
    if not known:
        return f"{file} has no known layout"

    def share(name: str) -> float:
        return len(known[name].missing(names)) / len(known[name].arrays)

    nearest = min(known, key=share)
    lacking = ", ".join(known[nearest].missing(names))
    return (
        f"{file} has no known layout; the nearest is {nearest!r}, for which it lacks {lacking}; "
        f"known are {', '.join(known)}"
    )
