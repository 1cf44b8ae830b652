"""A user's own .npy arrays as single pictures or sequences."""

from pathlib import Path
from typing import NamedTuple

import numpy as np
from PIL import Image

from latticework.core.checks import require
from latticework.core.task import AbstractTask
from latticework.tasks.catalogue import SIDE
from latticework.tasks.picture_values import as_bytes, upright
from latticework.untrusted import read_npy
from latticework.untrusted.pictures import Picture

MAX_VALUES = 1 << 26
MAX_EXAMPLES = 10_000
MAX_SIDE = 1 << 13
"""A picture is made square before it is scaled."""

_BANDS = (1, 3, 4)
_SHAPES = (
    "expected [height, width] or [image, height, width], with 1, 3 or 4 colours as a last axis, or "
    "[image, 784]"
)


class Drawn(NamedTuple):
    """One picture of the user's, as bytes `[row, col]` or `[row, col, 3]`, and what was done."""

    name: str
    pixels: np.ndarray
    notes: list[str]


def array_of(path: Path) -> np.ndarray:
    """The array in an .npy file, whose size is known before it is read.

    Raises:
        ValueError: it is no array of numbers, or too large.
    """
    array = read_npy(path, MAX_VALUES)
    require(
        array.dtype.kind in "biuf",
        f"{path} does not hold one array of plain numbers; write it with numpy.save",
    )
    return array


def pictures_of(path: Path, *, colour_first: bool) -> list[Drawn]:
    """The pictures in an .npy file.

    Args:
        path: the file.
        colour_first: whether `[3, height, width]` is one picture, not three.

    Raises:
        ValueError: it holds something else.
    """
    array = array_of(path)
    stack, is_one, notes = _stack(path, array, colour_first)
    require(len(stack) > 0, f"{path} holds no picture: its shape is {array.shape}")
    _check_number(path, len(stack))
    require(
        max(stack.shape[1:3]) <= MAX_SIDE,
        f"{path} has shape {array.shape}; at most {MAX_SIDE:,} pixels on a side are read",
    )
    try:
        values, said = as_bytes(stack)
    except ValueError as error:
        raise ValueError(f"{path} cannot be read as pictures ({error})") from error
    names = [str(path)] if is_one else [f"{path}[{n}]" for n in range(len(stack))]
    made = []
    for name, pixels in zip(names, values, strict=True):
        single, steps = _without_alpha(pixels)
        made.append(Drawn(name, single, [*notes, *said, *steps]))
    return made


def sequences_of(path: Path, task: AbstractTask) -> list[tuple[str, np.ndarray]]:
    """The sequences in an .npy file, each with its name.

    Raises:
        ValueError: they are not of the task's shape, or not finite.
    """
    array, shape = array_of(path), (task.num_steps, task.num_channels)
    require(
        array.shape[-2:] == shape and array.ndim in (2, 3) and array.size > 0,
        f"{path} has shape {array.shape}, but this run learned sequences [{shape[0]}, {shape[1]}] "
        "(step, channel); give one, or several along a first axis",
    )
    require(bool(np.isfinite(array).all()), f"{path} holds numbers that are not finite")
    if array.ndim == 2:
        return [(str(path), array.astype(np.float32))]
    _check_number(path, len(array))
    return [(f"{path}[{n}]", one.astype(np.float32)) for n, one in enumerate(array)]


def _stack(path: Path, array: np.ndarray, colour_first: bool) -> tuple[np.ndarray, bool, list[str]]:
    """The array as `[image, row, col]` or `[image, row, col, colour]`; whether it is one image."""
    shape = array.shape
    flat = SIDE * SIDE
    if array.ndim in (1, 2) and shape[-1] == flat and shape[0] != (0 if array.ndim == 1 else flat):
        rows = array.reshape(-1, SIDE, SIDE)
        return rows, array.ndim == 1, [f"{flat} numbers taken as {SIDE} rows of {SIDE}"]
    if array.ndim == 2:
        return array[None], True, []
    if array.ndim == 3 and shape[-1] in _BANDS:
        return _colours_last(array[None]), True, []
    if array.ndim == 3 and colour_first and shape[0] in _BANDS:
        return _colours_last(np.moveaxis(array, 0, -1)[None]), True, ["colours taken first"]
    if array.ndim == 3:
        return array, False, []
    if array.ndim == 4 and shape[-1] in _BANDS:
        return _colours_last(array), False, []
    if array.ndim == 4 and shape[1] in _BANDS:
        return _colours_last(np.moveaxis(array, 1, -1)), False, ["colours taken first"]
    raise ValueError(f"{path} has shape {shape}; {_SHAPES}")


def _colours_last(array: np.ndarray) -> np.ndarray:
    """Without the axis of colours where there is one alone."""
    return array[..., 0] if array.shape[-1] == 1 else array


def _without_alpha(pixels: np.ndarray) -> tuple[np.ndarray, list[str]]:
    if pixels.ndim == 2 or pixels.shape[-1] == 3 or not pixels.size:
        return pixels, []
    image, notes = upright(Picture(Image.fromarray(pixels, "RGBA")))
    return np.asarray(image), notes


def _check_number(path: Path, number: int) -> None:
    require(
        number <= MAX_EXAMPLES,
        f"{path} holds {number:,} examples; at most {MAX_EXAMPLES:,} are read at once",
    )
