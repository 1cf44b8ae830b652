"""Pages with generated tables: what stands between two markers is rebuilt."""

import re
from dataclasses import dataclass
from pathlib import Path

from latticework.core.checks import require
from latticework.core.registry import unknown_name
from latticework.report.everything import Results, read_results
from latticework.report.figures import FIGURES, draw, is_current
from latticework.report.tables import TABLES
from latticework.train import write_atomically

REQUIRED = ("README.md", "docs/results.md")
MARKER = re.compile(r"(<!-- table: ([\w-]+) -->\n).*?(<!-- end -->)", re.DOTALL)


@dataclass(frozen=True)
class Stale:
    """A page or figure that disagrees with the raw results.

    Args:
        path: relative to the root.
        what: which table or figure.
    """

    path: str
    what: str


def rebuild_pages(root: Path) -> list[Path]:
    """Write every table and figure anew; returns the files that changed.

    Raises:
        ValueError: there are no pages or results at `root`, or a page names an unknown table.
    """
    results = _results(root)
    changed = []
    for path in _pages(root):
        old = path.read_text(encoding="utf-8")
        new = MARKER.sub(lambda match: _fill(match, results), old)
        if new != old:
            write_atomically(path, new.encode())
            changed.append(path)
    for name in FIGURES:
        path = root / "docs" / "figures" / f"{name}.png"
        if not is_current(name, results, path):
            path.unlink(missing_ok=True)
            draw(name, results, path)
            changed.append(path)
    return changed


def check_pages(root: Path) -> list[Stale]:
    """What disagrees with the raw results; nothing is written. Errors as `rebuild_pages`."""
    results = _results(root)
    stale = [
        Stale(str(page.relative_to(root)), f"table {match.group(2)}")
        for page in _pages(root)
        for match in MARKER.finditer(page.read_text(encoding="utf-8"))
        if match.group(0) != _fill(match, results)
    ]
    for name in FIGURES:
        path = root / "docs" / "figures" / f"{name}.png"
        if not is_current(name, results, path):
            stale.append(Stale(str(path.relative_to(root)), f"figure {name}"))
    return stale


def _results(root: Path) -> Results:
    missing = [page for page in REQUIRED if not (root / page).is_file()]
    require(
        not missing,
        f"{root} has no {', '.join(missing)}; run report in a checkout, or give --root",
    )
    return read_results(root)


def _pages(root: Path) -> list[Path]:
    """README.md and every page of the documentation."""
    return [root / "README.md", *sorted((root / "docs").rglob("*.md"))]


def _fill(match: re.Match[str], results: Results) -> str:
    name = match.group(2)
    require(name in TABLES, unknown_name("table", name, TABLES))
    return f"{match.group(1)}{TABLES[name](results)}\n{match.group(3)}"
