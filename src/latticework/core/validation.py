"""Whether examples are numbers to learn from; if not, the first bad one and where it stands.

Shapes and types are checked always, values where they are known: not while a function is traced.
"""

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jax.core import Tracer

from latticework.core.checks import require

LARGEST = float(np.finfo(np.float32).max)
"""Inputs are computed with in single precision."""
_ROWS = 4096
MOST_CLASSES = 1 << 31
"""Classes are kept as int32."""


def check_inputs(inputs: Any, what: str = "inputs") -> None:
    """Raise ValueError unless `inputs` are real, finite numbers.

    Args:
        inputs: an array, or one that is traced.
        what: its name, for the sentence.
    """
    kind = inputs.dtype
    require(
        any(jnp.issubdtype(kind, real) for real in (np.integer, np.floating, np.bool_)),
        f"{what} are {kind}, expected real numbers; convert them with .astype(numpy.float32)",
    )
    if not jnp.issubdtype(kind, np.floating):
        return
    bad = _first(inputs, lambda values: ~(np.abs(values) <= LARGEST))
    if bad is not None:
        at, value = bad
        wanted = "finite numbers" if not np.isfinite(value) else f"at most {LARGEST:.3g} in size"
        raise ValueError(
            f"{what}{at} is {value}, expected {wanted}; mend the example or leave it out"
        )


def check_encoded(inputs: Any, what: str = "inputs") -> None:
    """As `check_inputs`, for what a network takes: float32 or float64.

    Raises:
        ValueError: they are of another type, or one is not finite.
    """
    require(
        inputs.dtype in (jnp.float32, jnp.float64),
        f"{what} are {inputs.dtype}, but a network takes float32 or float64; encode them as the "
        "task does, or convert them with .astype(numpy.float32)",
    )
    check_inputs(inputs, what)


def check_classes(targets: Any, num_classes: int | None, what: str = "targets") -> None:
    """Raise ValueError unless `targets` are whole numbers in 0..num_classes-1.

    Args:
        targets: an array, or one that is traced.
        num_classes: number of classes; None where they are not known.
        what: its name, for the sentence.
    """
    limit = MOST_CLASSES if num_classes is None else num_classes
    wanted = (
        "whole numbers from 0 up" if num_classes is None else f"a class in 0..{num_classes - 1}"
    )
    kind = targets.dtype
    if jnp.issubdtype(kind, np.floating):
        bad = _first(targets, lambda values: ~(values == np.floor(values)))
        if bad is not None:
            raise ValueError(f"{what}{bad[0]} is {bad[1]}, expected {wanted}")
    require(
        jnp.issubdtype(kind, np.integer),
        f"{what} are {kind}, expected integers ({wanted}); convert them with .astype(numpy.int32)",
    )
    bad = _first(targets, lambda values: (values < 0) | (values >= limit))
    if bad is not None:
        raise ValueError(f"{what}{bad[0]} is {bad[1]}, expected {wanted}; number classes from 0")


def check_examples(inputs: Any, targets: Any, num_classes: int | None, lead: int = 2) -> None:
    """Raise ValueError unless there is one class for each of some encoded examples.

    Args:
        inputs: `[*examples, ...]`.
        targets: `[*examples]`.
        num_classes: as in `check_classes`.
        lead: how many axes the examples have: 2 for `[seed, batch]`, 1 for `[batch]`.
    """
    axes = "[seed, batch]" if lead == 2 else "[batch]"
    shapes = jnp.shape(inputs), jnp.shape(targets)
    require(
        len(shapes[1]) == lead and shapes[0][:lead] == shapes[1],
        f"inputs have shape {shapes[0]} and targets {shapes[1]}; expected the same {axes} in front "
        "and one class for each example",
    )
    require(0 not in shapes[1], f"targets have shape {shapes[1]}: there is no example")
    check_encoded(inputs)
    check_classes(targets, num_classes)


def _first(values: Any, is_bad) -> tuple[str, Any] | None:
    """Place, as in `[3, 0]`, and value of the first entry that is bad; None if there is none."""
    if isinstance(values, Tracer):
        return None
    if isinstance(values, jax.Array) and not values.is_fully_addressable:
        return None  # several processes share it, and each knows a part
    array = np.atleast_1d(np.asarray(values))
    for start in range(0, len(array), _ROWS):
        found = is_bad(array[start : start + _ROWS])
        if found.any():
            place = np.unravel_index(int(found.argmax()), found.shape)
            place = (start + int(place[0]), *map(int, place[1:]))
            shown = f"[{', '.join(map(str, place))}]" if np.ndim(values) else ""
            return shown, array[place]
    return None
