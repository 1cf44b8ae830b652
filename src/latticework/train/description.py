"""Any Python value as JSON that tells it from others: what a run is made of, beside its recipe."""

import dataclasses
import functools
import hashlib
import math
import types
from collections.abc import Mapping
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

CODE_PATHS = frozenset({"kernel", "kernel_name"})
"""Fields that ask for a code path; the path that is taken is recorded by its own name."""

DEEPEST = 12
"""Levels of parts within parts that are described."""


def description(value: Any, depth: int = DEEPEST) -> Any:
    """`value` in JSON types, as far as it can be described.

    A dataclass is its fields, an array the SHA-256 of its bytes, a function its name with the
    constants, names and values that its code refers to; any other object is its attributes.
    Two values with the same description need not be the same, but two of the package's own parts
    that compute other numbers never have the same.

    Args:
        value: a learner, a network, a function.
        depth: levels that are still to be described; below them a part is its type alone.
    """
    if value is None or isinstance(value, bool | int | str):
        return value
    if isinstance(value, float):
        return value if math.isfinite(value) else repr(value)
    if depth == 0:
        return _name(type(value))
    inner = functools.partial(description, depth=depth - 1)
    if isinstance(value, Mapping):
        return {str(key): inner(entry) for key, entry in value.items()}
    if isinstance(value, list | tuple):
        return [inner(entry) for entry in value]
    if isinstance(value, set | frozenset):
        return sorted((inner(entry) for entry in value), key=repr)
    if isinstance(value, type):
        return _name(value)
    if isinstance(value, types.ModuleType):
        return value.__name__
    if isinstance(value, bytes | complex | slice | types.EllipsisType):
        return repr(value)
    if isinstance(value, np.ndarray | np.generic | jax.Array):
        return _array(value)
    return {"kind": _name(type(value)), **{k: inner(v) for k, v in _parts(value).items()}}


def _parts(value: Any) -> Mapping[str, Any]:
    """What a function, a dataclass or another object is made of."""
    if isinstance(value, functools.partial):
        return {"function": value.func, "arguments": value.args, "keywords": value.keywords}
    if isinstance(value, types.MethodType):
        return {"function": value.__func__.__qualname__, "self": value.__self__}
    if isinstance(value, types.FunctionType):
        return _function(value)
    if dataclasses.is_dataclass(value):
        names = (field.name for field in dataclasses.fields(value))
        return {name: getattr(value, name) for name in names if name not in CODE_PATHS}
    wrapped = getattr(value, "__wrapped__", None)  # as `jax.jit` leaves it
    if wrapped is not None:
        return {"function": wrapped}
    attributes = getattr(value, "__dict__", {})
    is_cached = functools.cached_property
    return {
        name: entry
        for name, entry in attributes.items()
        if not isinstance(getattr(type(value), name, None), is_cached) and name not in CODE_PATHS
    }


def _function(function: types.FunctionType) -> dict[str, Any]:
    """Name, defaults, enclosed values, constants, and the names in the code with what is plain."""
    code, known = function.__code__, function.__globals__
    return {
        "name": f"{function.__module__}.{function.__qualname__}",
        "defaults": [function.__defaults__, function.__kwdefaults__],
        "encloses": [cell.cell_contents for cell in function.__closure__ or () if _is_filled(cell)],
        "constants": [constant for constant in _constants(code) if constant != function.__doc__],
        "names": {
            name: known[name] if isinstance(known.get(name), bool | int | float | str) else None
            for name in code.co_names
        },
    }


def _constants(code: types.CodeType) -> list[Any]:
    """Numbers and words in the code of a function and of those inside it."""
    found = []
    for constant in code.co_consts:
        if isinstance(constant, types.CodeType):
            found += _constants(constant)
        elif constant is not None:
            found.append(constant)
    return found


def _is_filled(cell: types.CellType) -> bool:
    try:
        _ = cell.cell_contents
    except ValueError:
        return False
    return True


def _array(value: Any) -> dict[str, Any]:
    if jnp.issubdtype(value.dtype, jax.dtypes.prng_key):
        value = jax.random.key_data(value)
    array = np.asarray(value)
    digest = hashlib.sha256(np.ascontiguousarray(array).tobytes()).hexdigest()
    kind = f"array {array.dtype}{list(array.shape)}"
    return {"kind": kind, "sha256": digest}


def _name(kind: type) -> str:
    return f"{kind.__module__}.{kind.__qualname__}"
