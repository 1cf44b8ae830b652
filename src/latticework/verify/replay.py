"""Replaying golden files: find them, run what belongs to each, say what came of it."""

import time
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from latticework.core.checks import require
from latticework.core.precision import double_precision
from latticework.verify.archive import Archive
from latticework.verify.families import Context, Family, Replay, layout_of, unknown_layout
from latticework.verify.glom import GLOM
from latticework.verify.grid import GRID
from latticework.verify.gridnet import GRIDNET
from latticework.verify.outcomes import CaseResult, Check, Outcome, SkippedCaseError
from latticework.verify.rtnn import RTNN

FAMILIES: tuple[Family, ...] = (GRID, GRIDNET, GLOM, RTNN)
"""Every family that can be replayed."""


@dataclass(frozen=True)
class _Case:
    """One file to replay; without a replay, `message` says why."""

    label: str
    path: Path
    replay: Replay | None = None
    message: str = ""


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
        return [_case(path, families)]
    found = sorted(path.rglob("*.npz"))
    require(len(found) > 0, f"{path} holds no golden file (.npz)")
    cases: list[_Case] = []
    for folder in dict.fromkeys(file.parent for file in found):
        cases += _in_folder(folder, [file for file in found if file.parent == folder], families)
    return cases


def _in_folder(folder: Path, files: list[Path], families: Sequence[Family]) -> list[_Case]:
    """The cases of one folder, in the order of its family, and what is missing there."""
    names = [file.name for file in files]
    family = _family_of(names, folder.name, families)
    order = list(family.files) if family else []
    files = sorted(files, key=lambda f: order.index(f.name) if f.name in order else len(order))
    cases = [_case(file, families, family) for file in files]
    if family is None:
        return cases
    # A file under another name stands in for one of its layout.
    strangers = Counter(case.replay for case in cases if case.path.name not in order)
    for name, layout in family.files.items():
        if name in names or name in family.elsewhere:
            continue
        if strangers[layout.replay] > 0:
            strangers[layout.replay] -= 1
            continue
        label = f"{family.name}/{name.removesuffix('.npz')}"
        cases.append(_Case(label, folder / name, None, f"{name} is missing from {folder}"))
    return cases


def _family_of(names: list[str], folder: str, families: Sequence[Family]) -> Family | None:
    """The family of a folder: by its name, or by which family most of its files belong to."""
    for family in families:
        if family.name == folder:
            return family
    shares = [sum(name in family.files for name in names) for family in families]
    best = max(range(len(families)), key=shares.__getitem__, default=None)
    return families[best] if best is not None and shares[best] else None


def _case(path: Path, families: Sequence[Family], family: Family | None = None) -> _Case:
    """What replays the file at `path`, by the arrays that it holds."""
    family = family or _family_of([path.name], path.parent.name, families)
    label = f"{family.name if family else path.parent.name}/{path.stem}"
    try:
        names = Archive(path).names()
    except (ValueError, OSError) as error:
        return _Case(label, path, None, str(error))
    found = layout_of(names, families)
    if found is None:
        return _Case(label, path, None, unknown_layout(path.name, names, families))
    return _Case(f"{found[0].name}/{path.stem}", path, found[1].replay)


def _replay(case: _Case, context: Context) -> CaseResult:
    """Run one case; whatever is wrong with it ends as a result, not as an exception."""
    replay = case.replay
    start = time.perf_counter()

    def result(outcome: Outcome, checks: tuple[Check, ...] = (), message: str = "") -> CaseResult:
        return CaseResult(case.label, outcome, checks, message, time.perf_counter() - start)

    if replay is None:
        return result(Outcome.FAILED, message=case.message)
    try:
        with double_precision():
            archive = Archive(case.path)
            checks = tuple(replay(archive, context))
    except SkippedCaseError as reason:
        return result(Outcome.SKIPPED, message=str(reason))
    except (ValueError, OSError) as error:
        return result(Outcome.FAILED, message=str(error))
    if archive.unused:
        message = f"{case.path.name} holds arrays that are not checked: {', '.join(archive.unused)}"
        return result(Outcome.FAILED, checks, message)
    passed = all(check.passed for check in checks)
    return result(Outcome.PASSED if passed else Outcome.FAILED, checks)
