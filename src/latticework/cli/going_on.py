"""The command lines that take up what was stopped."""

from collections.abc import Iterator, Sequence
from pathlib import Path

from latticework.cli.output import command

BARE = frozenset({"--offline", "--json", "--no-pictures"})
"""Options of a run that are not of its recipe, and take no value."""

VALUED = frozenset(
    {
        *("--data-dir", "--save"),
        *("--devices", "--processes", "--process-id", "--coordinator", "--wait-s"),
    }
)
"""Those that take one."""

PLACES = frozenset({"--run-dir", "--resume"})


def train_again(argv: Sequence[str], folder: Path) -> str:
    """What goes on with the run in `folder` that was begun with `argv`, or a `reproduce` of it."""
    kept = [word for flag, words in _options(argv) if flag in BARE | VALUED for word in words]
    return command("latticework", "train", "--resume", folder, *kept)


def study_again(argv: Sequence[str], folder: Path) -> str:
    """What goes on with the study in `folder` that was begun with `argv`."""
    kept = [word for flag, words in _options(argv) if flag not in PLACES for word in words]
    return command("latticework", "study", *kept, "--resume", folder)


def _options(argv: Sequence[str]) -> Iterator[tuple[str, list[str]]]:
    """Each option of interest here with its value, and every other word alone."""
    words = iter(argv)
    for word in words:
        flag, given, _ = word.replace("_", "-").partition("=")
        takes_next = flag in VALUED | PLACES and not given
        value = next(words, None) if takes_next else None
        yield flag, [word] if value is None else [word, value]
