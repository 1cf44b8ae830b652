"""The questions that the published notes leave open, answered from the rows of `study tnn`."""

from collections.abc import Sequence

from latticework.recipes import WaveRecipe, recipe
from latticework.rules.stdp import UNITS, Stdp
from latticework.studies.study import Row, StudyTable
from latticework.studies.training import spread

LAYER_OR_WAVES = (
    ("tnn-v5", "clustering column in front", "last wave"),
    ("tnn-v11", "none in front", "last wave"),
    ("tnn-v6", "clustering column in front", "all waves"),
    ("tnn-v7", "none in front", "all waves"),
)
RECURRENCE = (
    ("tnn-v7-no-recurrence", "none", "all waves"),
    ("tnn-v7", "fixed", "all waves"),
    ("tnn-v8", "learned", "all waves"),
    ("tnn-v11-no-recurrence", "none", "last wave"),
    ("tnn-v11-baseline", "fixed", "last wave"),
    ("tnn-v12-baseline", "learned", "last wave"),
)
FATES = ("tnn-v8", "tnn-v10", "tnn-v12-more-buffers", "tnn-v12-even-more-buffers")
CONDITIONS = (
    ("faithful", "published"),
    ("corrected", "published"),
    ("faithful", "honest"),
    ("corrected", "honest"),
)


def layer_or_waves(rows: Sequence[Row]) -> StudyTable:
    """Dropping the clustering column, and reading all waves: each alone, and both."""
    return _compared(rows, LAYER_OR_WAVES, ("version", "column", "read"))


def recurrence(rows: Sequence[Row]) -> StudyTable:
    """The same network without, with fixed and with learned recurrent weights."""
    return _compared(rows, RECURRENCE, ("version", "recurrent weights", "read"))


def fates(rows: Sequence[Row]) -> StudyTable:
    """Share of recurrent weights above zero, before and after learning, and why.

    A weight at zero is born by search, with probability `search F+(0) = search u_min`, and one just
    born dies by backoff, with probability `backoff F-(0) = backoff`; both where the case occurs.
    """
    lines = []
    for name in FATES:
        row = _row(rows, name, "faithful", "published")
        one = recipe(name)
        if row is None or not isinstance(one, WaveRecipe):
            continue
        for link in one.wiring.links:
            if not link.source.startswith("buffer") or not isinstance(link.rule, Stdp):
                continue
            alive = row["weights"][link.block]
            rule = link.rule
            birth = rule.search * rule.u_min / UNITS**2
            lines.append(
                [
                    name,
                    link.source,
                    f"{alive['before']['alive']:.3f}",
                    f"{alive['after']['alive']:.4f}",
                    f"{birth:.5f}",
                    f"{rule.backoff / UNITS:.2f}",
                ]
            )
    headers = ("version", "from", "alive before", "alive after", "birth by search", "death")
    return StudyTable(headers, lines, 2)


def _compared(
    rows: Sequence[Row], versions: Sequence[tuple[str, str, str]], headers: tuple[str, ...]
) -> StudyTable:
    """Versions in every condition."""
    lines = []
    for version in versions:
        found = [_row(rows, version[0], *condition) for condition in CONDITIONS]
        if any(row is not None for row in found):
            cells = ["-" if row is None else spread(row["test_accuracy"]) for row in found]
            lines.append([*version, *cells])
    conditions = [f"{semantics}, {scheme}" for semantics, scheme in CONDITIONS]
    return StudyTable([*headers, *conditions], lines, len(headers))


def _row(rows: Sequence[Row], name: str, semantics: str, scheme: str) -> Row | None:
    """The row with N as in most."""
    for row in rows:
        if (row["recipe"], row["semantics"], row["protocol"]) == (name, semantics, scheme):
            return row
    return None
