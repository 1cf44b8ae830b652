"""The families of golden files: which file is replayed by what."""

from collections.abc import Callable, Iterable, Mapping
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
class Family:
    """Golden files that belong together.

    Args:
        name: the family, and the usual name of its folder.
        replays: file name to its replay.
        elsewhere: those of the files that may be lacking: they are not of this repository.
    """

    name: str
    replays: Mapping[str, Replay]
    elsewhere: frozenset[str] = frozenset()
