"""Where Python meets the compiled kernels: every call is checked before it is traced.

What a handler takes stands in one table per handler in C++ (`native/arguments.hpp`). The extension
gives the tables and the checker, so that Python and C++ refuse the same.
"""

import functools
from collections.abc import Mapping
from typing import Any

import jax
import numpy as np
from jax.core import Tracer

from latticework.kernels.extension import extension

_Seen = tuple[str, list[int], int]
"""Type, shape and address of the values, 0 where there are none."""


@functools.cache
def tables() -> dict[str, list[dict[str, str]]]:
    """The rows of every handler by its name, see `native/arguments.hpp`.

    Raises:
        ValueError: there is no extension.
    """
    native = extension()
    if isinstance(native, str):
        raise ValueError(f"the native kernel cannot be had: {native}")
    return native.tables()


def names(entry: str, place: str) -> list[str]:
    """The arguments, results or attributes of a handler, in order."""
    return [row["name"] for row in tables()[entry] if row["place"] == place]


def call(
    entry: str,
    arguments: Mapping[str, Any],
    results: Mapping[str, jax.ShapeDtypeStruct],
    attributes: Mapping[str, Any],
    *,
    vmap_method: str,
) -> dict[str, jax.Array]:
    """The results of a handler, by name.

    Nothing is converted on the way: arrays come in the types of the table. A result that may share
    an argument's memory does.

    Args:
        entry: the handler.
        arguments: its arrays.
        results: types and shapes of what comes out.
        attributes: numpy arrays and numbers, and text.
        vmap_method: what `jax.vmap` does, see `jax.ffi.ffi_call`.

    Raises:
        ValueError: something does not fit the handler's table; the message says what came and what
            was expected.
    """
    given, wanted = _in_order(entry, "argument", arguments), _in_order(entry, "result", results)
    why = refusal(entry, given, wanted, attributes)
    if why:
        raise ValueError(why)
    rows = [row for row in tables()[entry] if row["place"] == "result"]
    order = names(entry, "argument")
    aliases = {order.index(row["shares"]): n for n, row in enumerate(rows) if row["shares"]}
    run = jax.ffi.ffi_call(
        entry, wanted, vmap_method=vmap_method, input_output_aliases=aliases or None
    )
    return dict(zip(names(entry, "result"), run(*given, **attributes), strict=True))


def refusal(entry: str, arguments: list, results: list, attributes: Mapping[str, Any]) -> str:
    """Why a handler would refuse a call, in one sentence; empty where it would not.

    Values are looked at where they are known, that is outside of `jax.jit`.
    """
    native = extension()
    if isinstance(native, str):
        return f"the native kernel cannot be had: {native}"
    known = [_known(array) for array in arguments]
    parts = {
        name: value if isinstance(value, str) else np.asarray(value, order="C")
        for name, value in attributes.items()
    }
    return native.refusal(
        entry,
        [_seen(*pair) for pair in zip(arguments, known, strict=True)],
        [_seen(result, None) for result in results],
        {
            name: value if isinstance(value, str) else _seen(value, value)
            for name, value in parts.items()
        },
    )


def _in_order(entry: str, place: str, given: Mapping[str, Any]) -> list:
    """What was given by name, in the handler's order."""
    order = names(entry, place)
    if set(order) != set(given):
        raise ValueError(
            f"{entry} has the {place}s {', '.join(order)}; got {', '.join(given) or 'none'}"
        )
    return [given[name] for name in order]


def _known(array: Any) -> np.ndarray | None:
    """The values of an array, None while it is traced."""
    return None if isinstance(array, Tracer) else np.asarray(array, order="C")


def _seen(array: Any, values: np.ndarray | None) -> _Seen:
    return (
        np.dtype(array.dtype).name,
        list(np.shape(array) if values is array else array.shape),
        0 if values is None else values.ctypes.data,
    )
