"""What options there are: a short help, the nearest one to a mistyped one, words as meant."""

import dataclasses
import difflib
import inspect
import os
import re
import shutil
import textwrap
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from latticework.core.registry import Registry

COMMON = (
    "training.epochs",
    "training.train_size",
    "training.batch_size",
    "protocol.examples",
    "optimiser.learning_rate",
    "task.dataset",
    "task.folder",
    "rule.hops",
    "kernel",
)
"""Fields of recipes that are overridden most."""

HELP = frozenset({"-h", "--help"})
HELP_ALL = "--help-all"
_ENTRY = re.compile(r"^ {8}(\w+(?:, \w+)*): (.*?)(?=^ {8}\w|^ {0,4}\S|\Z)", re.M | re.S)
_COLUMN = 28


def settled_words(argv: Sequence[str]) -> list[str]:
    """A command line with `~` for the home folder followed, in the middle of a word too.

    Raises:
        ValueError: a word is empty, as where a variable of the shell is not set.
    """
    words = []
    for at, word in enumerate(argv):
        name, given, value = word.partition("=")
        is_option = name.startswith("--") and bool(given)
        if word == "" or (is_option and value == ""):
            before = name or (argv[at - 1] if at else "the command")
            raise ValueError(f"the word after {before} is empty; give a value, or leave it out")
        meant = value if is_option else word
        if meant == "~" or meant.startswith("~/"):
            meant = os.path.expanduser(meant)  # noqa: PTH111
        words.append(f"{name}={meant}" if is_option else meant)
    return words


def flags_of(kind: type, instance: Any) -> list[str]:
    """Every option of a command, as `--training.batch-size`, for this recipe."""
    return [f"--{name.replace('_', '-')}" for name, _ in _fields(kind, instance)]


def not_an_option(word: str, known: Sequence[str], help_with: str) -> str:
    """The sentence that says that an option is not known, and which may be meant."""
    asked = word.partition("=")[0].replace("_", "-")
    near = _nearest(asked, known)
    hint = f"; did you mean {near}?" if near else "."
    return f"there is no option {asked}{hint} {help_with} lists all"


def short_help(
    kind: type, command: str, recipe: Any = None, axes: Mapping[str, Registry[Any]] | None = None
) -> str:
    """The options of a command that trains or shows a recipe: its own, then the common ones.

    Args:
        kind: dataclass of the command's options.
        command: its name.
        recipe: whose fields are told; None where none is named.
        axes: the parts that are chosen by name, with those that fit the recipe.
    """
    summary, about = _told(kind)
    name = "NAME" if recipe is None else recipe.name
    lines = [f"usage: latticework {command} {name} [--OPTION VALUE ...]", "", *summary, ""]
    own = [one for one in dataclasses.fields(kind) if one.name not in ("recipe", "data", "launch")]
    lines += [_line(one.name, about.get(one.name, "")) for one in own]
    for part in ("data", "launch"):
        found = next((f for f in dataclasses.fields(kind) if f.name == part), None)
        if found is not None and callable(found.default_factory):
            default = found.default_factory()
            _, told = _told(type(default))
            names = [one.name for one in dataclasses.fields(default)]
            lines += [_line(one, told.get(one, "")) for one in names]
    if recipe is None:
        lines += ["", f"latticework {command} NAME --help shows what can be changed in a recipe;"]
        return "\n".join([*lines, "latticework list shows the recipes"])
    lines += ["", "often changed in this recipe (as it stands):", ""]
    values = dict(_fields(type(recipe), recipe))
    lines += [_line(field, str(values[field])) for field in COMMON if field in values]
    if axes:
        lines += ["", "parts chosen by name:", ""]
        lines += [_line(axis, ", ".join(one)) for axis, one in axes.items() if len(list(one)) > 1]
    return "\n".join(
        [*lines, "", f"latticework {command} {name} {HELP_ALL} lists every field, part by part"]
    )


def _line(name: str, text: str) -> str:
    """An option and what it is, in as many lines as the terminal's width makes of it."""
    flag = f"  --{name.replace('_', '-')}"
    first = text.partition(". ")[0] if len(text) > 120 else text
    width = min(100, shutil.get_terminal_size((100, 24)).columns)
    if width < 2 * _COLUMN:
        return textwrap.fill(f"{flag}  {first}", max(width, 20), subsequent_indent=" " * 6)
    return textwrap.fill(
        f"{flag:<{_COLUMN}}  {first}",
        width,
        subsequent_indent=" " * (_COLUMN + 2),
        break_on_hyphens=False,
    )


def _told(kind: type) -> tuple[list[str], dict[str, str]]:
    """The text of a docstring before `Args:`, and what it says of each argument."""
    text = inspect.getdoc(kind) or ""
    before, _, after = text.partition("Args:")
    indented = "\n".join(f"    {line}" for line in after.splitlines())
    entries = {
        one: " ".join(match.group(2).split())
        for match in _ENTRY.finditer(indented)
        for one in match.group(1).split(", ")
    }
    return before.strip().splitlines(), entries


def _fields(kind: type, instance: Any, prefix: str = "") -> Iterator[tuple[str, Any]]:
    """Names of all fields, those of parts behind a dot, and their values."""
    for field in dataclasses.fields(kind):
        value = getattr(instance, field.name, None)
        if value is None and callable(field.default_factory):
            value = field.default_factory()
        is_part = dataclasses.is_dataclass(value) and not isinstance(value, type)
        if field.name == "published" and not prefix:
            continue  # what others found is nothing to choose
        if not is_part:
            yield prefix + field.name, value
        elif field.name in ("recipe", "data", "launch") and not prefix:
            yield from _fields(type(value), value)
        else:
            yield from _fields(type(value), value, f"{prefix}{field.name}.")


def _nearest(asked: str, known: Sequence[str]) -> str:
    """The option that is meant: an abbreviation by initials, the same end, or alike letters."""
    part, _, last = asked.rpartition(".")
    for name in known:
        before, _, words = name.rpartition(".")
        initials = "".join(word[:1] for word in words.removeprefix("--").split("-"))
        if last.removeprefix("--") == initials and len(initials) > 1 and part in ("", before):
            return name
    for name in known:
        if not part and name.rpartition(".")[2] == last.removeprefix("--"):
            return name
    near = difflib.get_close_matches(asked, known, n=1)
    return near[0] if near else ""
