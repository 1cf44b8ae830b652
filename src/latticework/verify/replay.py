"""Replaying golden files: find them, run what belongs to each, say what came of it."""

import time
from collections.abc import Iterator, Sequence
from pathlib import Path

from latticework.core.checks import require
from latticework.core.precision import double_precision
from latticework.verify.archive import Archive
from latticework.verify.families import Context, Family, Replay
from latticework.verify.glom import GLOM
from latticework.verify.grid import GRID
from latticework.verify.gridnet import GRIDNET
from latticework.verify.outcomes import CaseResult, Check, Outcome, SkippedCaseError
from latticework.verify.rtnn import RTNN

FAMILIES: tuple[Family, ...] = (GRID, GRIDNET, GLOM, RTNN)
"""Every family that can be replayed."""

_Case = tuple[str, Path, Replay | None]


def verify(
    path: Path | str, context: Context | None = None, families: Sequence[Family] = FAMILIES
) -> list[CaseResult]:
    """Replay every golden file in and under `path`, in double precision.

    Args:
        path: a folder, or one golden file.
        context: what replays may use beside their file.
        families: what can be replayed.

    Returns:
        One result per file. A file that belongs to no family, one that cannot be read and one
        that its family has in this repository but the folder lacks count as failed.

    Raises:
        ValueError: there is no golden file at `path`.
    """
    return list(replays(path, context, families))


def replays(
    path: Path | str, context: Context | None = None, families: Sequence[Family] = FAMILIES
) -> Iterator[CaseResult]:
    """As `verify`, one result at a time; what is wrong with `path` is raised at once."""
    cases = _find(Path(path), families)
    return (_replay(case, context or Context()) for case in cases)


def _find(path: Path, families: Sequence[Family]) -> list[_Case]:
    """The cases at `path`, by folder; within one in the order of the family."""
    require(path.exists(), f"there is nothing at {path}; name a folder of golden files")
    if path.is_file():
        family = _family_of([path.name], path.parent.name, families)
        return [_case(path, family)]
    found = sorted(path.rglob("*.npz"))
    require(len(found) > 0, f"{path} holds no golden file (.npz)")
    cases: list[_Case] = []
    for folder in dict.fromkeys(file.parent for file in found):
        names = [file.name for file in found if file.parent == folder]
        family = _family_of(names, folder.name, families)
        elsewhere = family.elsewhere.difference(names) if family else ()
        ordered = [name for name in family.replays if name not in elsewhere] if family else []
        ordered += [name for name in names if name not in ordered]
        cases += [_case(folder / name, family) for name in ordered]
    return cases


def _family_of(names: list[str], folder: str, families: Sequence[Family]) -> Family | None:
    """The family of a folder: by its name, or by which family most of its files belong to."""
    for family in families:
        if family.name == folder:
            return family
    shares = [sum(name in family.replays for name in names) for family in families]
    best = max(range(len(families)), key=shares.__getitem__, default=None)
    return families[best] if best is not None and shares[best] else None


def _case(path: Path, family: Family | None) -> _Case:
    label = f"{family.name if family else path.parent.name}/{path.stem}"
    return label, path, family.replays.get(path.name) if family else None


def _replay(case: _Case, context: Context) -> CaseResult:
    """Run one case; whatever is wrong with it ends as a result, not as an exception."""
    label, path, replay = case
    start = time.perf_counter()

    def result(outcome: Outcome, checks: tuple[Check, ...] = (), message: str = "") -> CaseResult:
        return CaseResult(label, outcome, checks, message, time.perf_counter() - start)

    if not path.exists():
        return result(Outcome.FAILED, message=f"{path.name} is missing from {path.parent}")
    if replay is None:
        return result(Outcome.FAILED, message=f"nothing here can replay {path.name}")
    try:
        with double_precision():
            archive = Archive(path)
            checks = tuple(replay(archive, context))
    except SkippedCaseError as reason:
        return result(Outcome.SKIPPED, message=str(reason))
    except (ValueError, OSError) as error:
        return result(Outcome.FAILED, message=str(error))
    if archive.unused:
        message = f"{path.name} holds arrays that are not checked: {', '.join(archive.unused)}"
        return result(Outcome.FAILED, checks, message)
    passed = all(check.passed for check in checks)
    return result(Outcome.PASSED if passed else Outcome.FAILED, checks)
