"""Recipes as JSON and back, every choice named by its registry."""

import dataclasses
from collections.abc import Iterator, Mapping
from typing import Any

from latticework.core.registry import unknown_name
from latticework.recipes.kinds import PARTS, REGISTRIES

KIND = "kind"


def _kinds() -> Iterator[tuple[str, type]]:
    for registry in REGISTRIES:
        for name in registry:
            yield f"{registry.axis}/{name}", registry[name]
    for part in PARTS:
        yield part.__name__, part


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


def from_json(value: Any) -> Any:
    """What `to_json` wrote.

    Raises:
        ValueError: a kind or a field is not known, as when a newer version wrote the file.
    """
    if isinstance(value, Mapping):
        kinds = dict(_kinds())
        kind = str(value.get(KIND))
        if kind not in kinds:
            raise ValueError(unknown_name("kind of recipe part", kind, kinds))
        cls = kinds[kind]
        known = {f.name for f in dataclasses.fields(cls)}
        given = {name: from_json(item) for name, item in value.items() if name != KIND}
        strangers = sorted(set(given) - known)
        if strangers:
            raise ValueError(
                f"{kind} has no field {strangers[0]!r}; it has {', '.join(sorted(known))}"
            )
        return cls(**given)
    if isinstance(value, list):
        return tuple(from_json(item) for item in value)
    return value
