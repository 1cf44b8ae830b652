"""Arguments that several commands share, and recipes as arguments."""

import contextlib
import dataclasses
import io
import re
import types
import typing
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any, NoReturn, TypeVar

import tyro

from latticework.cells import CELLS, LATTICE_CELLS
from latticework.cells.consensus import ATTENTIONS, CONSENSUSES
from latticework.cli.options import HELP, HELP_ALL, flags_of, not_an_option, short_help
from latticework.core.registry import Registry, unknown_name
from latticework.models import LATTICE_INPUTS
from latticework.readouts import CLASSIFIERS, LATTICE_READOUTS, READOUTS
from latticework.recipes import AbstractRecipe, LeakyRecipe, recipe
from latticework.rules import RULE_ALIASES, RULES, SIGNALS
from latticework.schedules import LATTICE_SCHEDULES, SCHEDULES
from latticework.tasks import CODES, TASKS, DataSource
from latticework.topologies import LATTICES, TOPOLOGIES

Options = TypeVar("Options")
_UNKNOWN = re.compile(r"Unrecognized (?:options|arguments).*?(--?[a-zA-Z][^\s,;]*)")


def _joined(*registries: Registry[Any]) -> Registry[Any]:
    """One registry with the entries of several of the same axis."""
    entries = {name: one[name] for one in registries for name in one}
    return Registry(registries[0].axis, entries)


AXES: Mapping[str, Registry[Any]] = {
    "task": TASKS,
    "topology": _joined(TOPOLOGIES, LATTICES),
    "cell": _joined(CELLS, LATTICE_CELLS),
    "schedule": _joined(SCHEDULES, LATTICE_SCHEDULES),
    "readout": _joined(READOUTS, LATTICE_READOUTS),
    "image": LATTICE_INPUTS,
    "rule": RULES,
    "rule.signal": SIGNALS,
    "attention": ATTENTIONS,
    "consensus": CONSENSUSES,
    "code": CODES,
    "classifier": CLASSIFIERS,
}
"""Fields of a recipe that are chosen by name, as in `--rule bptt`."""


@dataclasses.dataclass(frozen=True)
class DataOptions:
    """Where data come from.

    Args:
        data_dir: folder that the data are read from, and nowhere else; for a run on a folder of
            photographs, where that lies now. LATTICEWORK_DATA names one that is looked into first.
        offline: never touch the network.
    """

    data_dir: Path | None = None
    offline: bool = False

    def source(self) -> DataSource:
        """The data source that the options describe."""
        return DataSource(None if self.data_dir is None else str(self.data_dir), self.offline)


Unprefixed = Annotated[DataOptions, tyro.conf.arg(name="")]
RecipeOptions = Annotated[AbstractRecipe, tyro.conf.arg(name="")]
LeakyRecipeOptions = Annotated[LeakyRecipe, tyro.conf.arg(name="")]


def parse(kind: type[Options], argv: Sequence[str], prog: str, **defaults: Any) -> Options:
    """Parse `argv` into `kind`, some of whose fields may be given a default here.

    Raises:
        ValueError: the parser refuses; what it says is one sentence.
    """
    default = kind(**defaults) if defaults else tyro.MISSING_NONPROP
    said = io.StringIO()
    words = ["--help" if word == HELP_ALL else word for word in argv]
    try:
        with contextlib.redirect_stderr(said):
            return tyro.cli(kind, args=words, prog=f"latticework {prog}", default=default)
    except SystemExit as stop:
        if not stop.code:
            raise
        text = unboxed(said.getvalue())
        if unknown := _UNKNOWN.match(text):
            known = flags_of(kind, default if defaults else None)
            more = f"latticework {prog} {HELP_ALL if 'recipe' in defaults else '--help'}"
            raise ValueError(not_an_option(unknown.group(1), known, more)) from None
        raise ValueError(text) from None


def unboxed(text: str) -> str:
    """What stands in the box that the parser draws around a refusal, as one sentence."""
    parts, part = [], []
    for line in text.splitlines():
        if line.startswith(("╭", "╰")):
            continue
        inside = line.strip("│ ")
        if not inside.strip("─"):
            parts.append(" ".join(part))
            part = []
        else:
            part.append(inside.strip())
    parts.append(" ".join(part))
    return "; ".join(part.removeprefix("Error parsing ") for part in parts if part)


def take_name(argv: Sequence[str]) -> tuple[str | None, list[str]]:
    """The leading positional argument, if there is one, and the rest."""
    if argv and not argv[0].startswith("-"):
        return argv[0], list(argv[1:])
    return None, list(argv)


def take_recipe(argv: Sequence[str], command: str, kind: type) -> tuple[AbstractRecipe, list[str]]:
    """The recipe named first, with the axes chosen by name, and the other arguments.

    Where help is asked for, it is printed and the program ends.

    Args:
        argv: the arguments.
        command: name of the command.
        kind: dataclass of its options.

    Raises:
        ValueError: no recipe is named, or a name is not known.
    """
    name, rest = take_name(argv)
    if HELP & set(rest) or (name is None and HELP_ALL in rest):
        _help(command, kind, None if name is None else recipe(name))
    if name is None:
        raise ValueError(
            f"{command} needs a recipe, as in: latticework {command} grid-snap1-adam "
            "(latticework list shows them all)"
        )
    return choose_axes(recipe(name), rest)


def _help(command: str, kind: type, base: AbstractRecipe | None) -> NoReturn:
    axes = {}
    if base is not None:
        hints = _axis_types(base)
        axes = {
            axis: Registry(registry.axis, dict(_fitting(registry, hints[axis])))
            for axis, registry in AXES.items()
            if axis in hints
        }
    print(short_help(kind, command, base, axes))
    raise SystemExit(0)


def names_dataset(argv: Sequence[str]) -> bool:
    """Whether the data set is named by the user, so that nothing may take its place."""
    return any(word.partition("=")[0] == "--task.dataset" for word in argv)


def choose_axes(base: AbstractRecipe, argv: Sequence[str]) -> tuple[AbstractRecipe, list[str]]:
    """Apply `--rule NAME` and its like to a recipe; return it and the other arguments."""
    rest: list[str] = []
    words = iter(argv)
    for word in words:
        axis, given, value = word.removeprefix("--").partition("=")
        if not word.startswith("--") or axis not in AXES:
            rest.append(word)
            continue
        name = value if given else next(words, "")
        base = _with_axis(base, axis, _instance(axis, name))
    return base, rest


def _instance(axis: str, name: str) -> Any:
    registry = AXES[axis]
    if axis == "rule" and name in RULE_ALIASES:
        return RULE_ALIASES[name]
    if name not in registry.entries:
        known = [*registry, *(RULE_ALIASES if axis == "rule" else ())]
        raise ValueError(unknown_name(registry.axis, name, known))
    return registry[name]()


def _axis_types(base: AbstractRecipe) -> dict[str, tuple[type, ...]]:
    """The axes that a recipe has, and of which kinds their parts may be."""
    hints = typing.get_type_hints(type(base))
    return {axis: _classes(hints[axis]) for axis in AXES if axis in hints}


def _classes(hint: Any) -> tuple[type, ...]:
    """The classes that a type hint allows."""
    if isinstance(hint, types.UnionType) or typing.get_origin(hint) is typing.Union:
        return tuple(kind for one in typing.get_args(hint) for kind in _classes(one))
    origin = typing.get_origin(hint) or hint
    return (origin,) if isinstance(origin, type) else (object,)


def _fitting(registry: Registry[Any], kinds: tuple[type, ...]) -> list[tuple[str, type]]:
    return [(name, one) for name, one in registry.entries.items() if issubclass(one, kinds)]


def _with_axis(base: AbstractRecipe, axis: str, value: Any) -> AbstractRecipe:
    kinds = _axis_types(base)
    if axis.partition(".")[0] not in kinds:
        raise ValueError(
            f"{base.name} has no {axis} to choose; chosen by name are {', '.join(sorted(kinds))}"
        )
    if axis != "rule.signal":
        if not isinstance(value, kinds[axis]):
            fitting = ", ".join(name for name, _ in _fitting(AXES[axis], kinds[axis]))
            raise ValueError(
                f"the {axis} {AXES[axis].name_of(value)} does not fit {base.name}; "
                f"those that do: {fitting}"
            )
        return dataclasses.replace(base, **{axis: value})
    rule: Any = getattr(base, "rule")  # noqa: B009
    fields = {field.name for field in dataclasses.fields(rule)}
    if "signal" not in fields:
        raise ValueError(
            f"{RULES.name_of(rule)} has no learning signal; --rule.signal goes with hop_trace"
        )
    return dataclasses.replace(base, rule=dataclasses.replace(rule, signal=value))
