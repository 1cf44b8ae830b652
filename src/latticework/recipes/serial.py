"""Recipes as JSON and back, every choice named by its registry."""

import dataclasses
import functools
import types
import typing
from collections.abc import Iterator, Mapping
from typing import Any

from latticework.core.checks import require
from latticework.core.registry import unknown_name
from latticework.recipes.kinds import PARTS, REGISTRIES
from latticework.untrusted.schema import shown

KIND = "kind"
WAVES = "WaveRecipe"
SCHEMA = 1
"""Version of the form in which recipes are stored. It rises when what an older version of the
package would read from it is no longer what was meant; a form without a version is read as 0."""


def _kinds() -> Iterator[tuple[str, type]]:
    for registry in REGISTRIES:
        for name in registry:
            yield f"{registry.axis}/{name}", registry[name]
    for part in PARTS:
        yield part.__name__, part


@functools.cache
def _by_kind() -> dict[str, type]:
    return dict(_kinds())


def to_json(value: Any) -> Any:
    """A recipe or any part of it as JSON values; dataclasses carry a `kind`."""
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        kind = next((kind for kind, cls in _kinds() if cls is type(value)), None)
        if kind is None:
            raise ValueError(
                f"{type(value).__name__} cannot be stored in a recipe: it is in no registry"
            )
        fields = {f.name: to_json(getattr(value, f.name)) for f in dataclasses.fields(value)}
        return {KIND: kind, **fields}
    if isinstance(value, tuple | list):
        return [to_json(item) for item in value]
    return value


def check_schema(stored: Mapping[str, Any]) -> None:
    """Check that this version can read what was stored beside a recipe.

    Raises:
        ValueError: a newer version wrote it.
    """
    version = stored.get("schema", 0)
    known = isinstance(version, int) and not isinstance(version, bool) and 0 <= version <= SCHEMA
    require(
        known,
        f"it is stored in schema {shown(version)}, and this version of latticework reads 0 to "
        f"{SCHEMA}; install a newer latticework",
    )


def from_json(value: Any) -> Any:
    """What `to_json` wrote.

    Raises:
        ValueError: a kind or a field is not known, as when a newer version wrote the file; a field
            is missing, of another type, or out of range.
    """
    if isinstance(value, Mapping):
        return _part(value)
    if isinstance(value, list):
        return tuple(from_json(item) for item in value)
    return value


def _part(value: Mapping[str, Any]) -> Any:
    """The dataclass that an object stands for."""
    kinds = _by_kind()
    kind = value.get(KIND)
    if not isinstance(kind, str) or kind not in kinds:
        raise ValueError(unknown_name("kind of recipe part", str(kind)[:80], kinds))
    cls, value = kinds[kind], _without_retired(kind, value)
    fields = {field.name: field for field in dataclasses.fields(cls)}
    given = {name: from_json(item) for name, item in value.items() if name != KIND}
    strangers = sorted(given.keys() - fields.keys())
    if strangers:
        raise ValueError(
            f"{kind} has no field {shown(strangers[0])}; it has {', '.join(sorted(fields))}"
        )
    for name, field in fields.items():
        may_lack = (field.default, field.default_factory) != (dataclasses.MISSING,) * 2
        require(name in given or may_lack, f"{kind} lacks its field {name!r}")
    for name, item in given.items():
        wanted = _annotations(cls)[name]
        require(
            _fits(item, wanted),
            f"{kind}.{name} is {shown(item)}, expected {getattr(wanted, '__name__', wanted)}",
        )
    try:
        return cls(**given)
    except (ArithmeticError, AttributeError, IndexError, KeyError, TypeError) as error:
        raise ValueError(f"{kind} cannot be made of what is stored ({error!r})") from error


def _without_retired(kind: str, value: Mapping[str, Any]) -> Mapping[str, Any]:
    """A part as schema 0 stored it, without the fields that were never used.

    A temporal network had an optimiser, and epochs and batches of a training; of these only the
    number of examples that are shown at once, and the time between checkpoints, were ever read.
    """
    if kind != WAVES or not {"optimiser", "training"} & value.keys():
        return value
    training = value.get("training")
    old = training if isinstance(training, Mapping) else {}
    renamed = {"eval_batch": "batch", "checkpoint_every_s": "checkpoint_every_s"}
    staging = {new: old[name] for name, new in renamed.items() if name in old}
    kept = {name: item for name, item in value.items() if name not in ("optimiser", "training")}
    return {"staging": {KIND: "StagingConfig", **staging}, **kept}


@functools.cache
def _annotations(cls: type) -> dict[str, Any]:
    return typing.get_type_hints(cls)


def _fits(value: Any, wanted: Any) -> bool:
    """Whether a value is of an annotated type; whole numbers pass for real ones."""
    origin, inside = typing.get_origin(wanted), typing.get_args(wanted)
    if origin in (typing.Union, types.UnionType):
        return any(_fits(value, one) for one in inside)
    if origin is typing.Literal:
        return any(type(value) is type(one) and value == one for one in inside)
    if origin is tuple:
        return isinstance(value, tuple) and _fit_one_by_one(value, inside)
    if wanted in (int, float):
        is_number = isinstance(value, int | float if wanted is float else int)
        return is_number and not isinstance(value, bool)
    if wanted is None:
        return value is None
    kind = origin or wanted
    return isinstance(value, kind) if isinstance(kind, type) else True


def _fit_one_by_one(values: tuple[Any, ...], wanted: tuple[Any, ...]) -> bool:
    """Whether a tuple's values fit `(A, ...)` or `(A, B, C)`."""
    if len(wanted) == 2 and wanted[1] is Ellipsis:
        return all(_fits(value, wanted[0]) for value in values)
    pairs = zip(values, wanted, strict=False)
    return len(values) == len(wanted) and all(_fits(value, one) for value, one in pairs)
