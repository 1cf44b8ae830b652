"""Nested parameters and their published names, "readout.proj.weight"."""

from collections.abc import Mapping
from typing import Any

from jaxtyping import Array


def nested(values: Mapping[str, Array]) -> dict[str, Any]:
    """Parameters out of published names."""
    made: dict[str, Any] = {}
    for name, value in values.items():
        *path, last = name.split(".")
        at = made
        for part in path:
            at = at.setdefault(part, {})
        at[last] = value
    return made


def flat(params: Mapping[str, Any], prefix: str = "") -> dict[str, Array]:
    """Published names out of parameters."""
    made: dict[str, Array] = {}
    for name, value in params.items():
        if isinstance(value, Mapping):
            made |= flat(value, f"{prefix}{name}.")
        else:
            made[prefix + name] = value
    return made
