"""A user's own pictures as a data set would hold them."""

import dataclasses
from pathlib import Path
from typing import Literal

import numpy as np
from PIL import Image

from latticework.core.checks import require
from latticework.core.task import AbstractTask
from latticework.tasks import AbstractStoredImages
from latticework.untrusted import read_npy
from latticework.untrusted.pictures import read_picture, reason

Invert = Literal["auto", "yes", "no"]
"""Whether to swap black and white: `auto` does it for pictures whose border is bright."""

SIDE = 28
MAX_VALUES = 1 << 26
MAX_EXAMPLES = 10_000
MAX_PIXELS_ON_A_SIDE = 1 << 13
"""A picture is made square before it is scaled."""

BRIGHT = 127


@dataclasses.dataclass(frozen=True)
class OwnImage:
    """One example of the user's.

    Args:
        name: the file, and the place in it when it holds several.
        raw: as the task stores an example: uint8 `[28, 28]` for image tasks.
        notes: what was done to it, in words.
    """

    name: str
    raw: np.ndarray
    notes: tuple[str, ...]


def read_examples(path: Path, task: AbstractTask, invert: Invert = "auto") -> list[OwnImage]:
    """Read a picture, or an .npy array of one or several examples.

    Args:
        path: PNG or another format that Pillow reads, any size; or .npy.
        task: what the examples are for.
        invert: whether to swap black and white. Data sets of digits are bright on dark.

    Raises:
        ValueError: there is no such file, it cannot be read, or it does not fit the task.
    """
    require(path.is_file(), f"there is no file {path}; name a PNG picture or an .npy array")
    is_image_task = isinstance(task, AbstractStoredImages)
    if path.suffix.lower() != ".npy":
        require(
            is_image_task,
            f"{path}: this run learned sequences, not pictures; give an .npy array of shape "
            f"[{task.num_steps}, {task.num_channels}] (step, channel)",
        )
        pixels, notes = _read_picture(path)
        return [_as_example(str(path), pixels, notes, invert)]
    array = _read_array(path)
    if not is_image_task:
        return _sequences(path, array, task)
    if array.ndim == 2:
        array, names = array[None], [str(path)]
    else:
        require(
            array.ndim == 3 and len(array) > 0,
            f"{path} has shape {array.shape}; expected [height, width] or [image, height, width]",
        )
        names = [f"{path}[{n}]" for n in range(len(array))]
    bytes_, notes = _to_bytes(path, array)
    return [
        _as_example(name, pixels, notes, invert) for name, pixels in zip(names, bytes_, strict=True)
    ]


def _read_picture(path: Path) -> tuple[np.ndarray, list[str]]:
    """Grey bytes `[height, width]`."""
    try:
        picture, turn = read_picture(path, MAX_PIXELS_ON_A_SIDE)
        pixels, notes = _grey(picture)
    except (ValueError, OSError) as error:
        raise ValueError(
            f"{path} cannot be read as a picture ({reason(error)}); give a PNG or an .npy array"
        ) from error
    if turn is None:
        return pixels, notes
    upright = np.asarray(Image.fromarray(pixels).transpose(turn))
    return upright, [*notes, "turned as the file says it was taken"]


def _grey(picture: Image.Image) -> tuple[np.ndarray, list[str]]:
    """Grey bytes of a decoded picture, and what was done to it."""
    notes = []
    if picture.has_transparency_data:
        white = Image.new("RGBA", picture.size, "white")
        picture = Image.alpha_composite(white, picture.convert("RGBA"))
        notes.append("laid on white where it is transparent")
    if picture.mode.startswith("I"):  # 16 bits, which Pillow would clip
        wide = np.asarray(picture)
        return (np.clip(wide, 0, 65535) // 257).astype(np.uint8), notes
    if picture.mode not in ("L", "1"):
        notes.append("made grey")
    return np.asarray(picture.convert("L")), notes


def _read_array(path: Path) -> np.ndarray:
    """The array in an .npy file, whose size is known before it is read."""
    array = read_npy(path, MAX_VALUES)
    require(
        array.dtype.kind in "biuf",
        f"{path} does not hold one array of plain numbers; write it with numpy.save",
    )
    require(
        array.ndim < 3 or len(array) <= MAX_EXAMPLES,
        f"{path} holds {len(array) if array.ndim else 0:,} examples; at most {MAX_EXAMPLES:,} are "
        "read at once",
    )
    return array


def _sequences(path: Path, array: np.ndarray, task: AbstractTask) -> list[OwnImage]:
    shape = (task.num_steps, task.num_channels)
    require(
        array.shape[-2:] == shape and array.ndim in (2, 3) and array.size > 0,
        f"{path} has shape {array.shape}, but this run learned sequences [{shape[0]}, {shape[1]}] "
        "(step, channel); give one, or several along a first axis",
    )
    _check_finite(path, array)
    if array.ndim == 2:
        return [OwnImage(str(path), array.astype(np.float32), ())]
    return [OwnImage(f"{path}[{n}]", one.astype(np.float32), ()) for n, one in enumerate(array)]


def _to_bytes(path: Path, array: np.ndarray) -> tuple[np.ndarray, list[str]]:
    """Pixels as bytes: integers 0..255 as they are, fractions 0..1 scaled."""
    _check_finite(path, array)
    low, high = float(array.min(initial=0)), float(array.max(initial=0))
    is_fraction = array.dtype.kind in "bf" and high <= 1
    require(
        low >= 0 and high <= 255,
        f"{path} has values from {low:g} to {high:g}; expected bytes 0..255 or fractions 0..1",
    )
    if is_fraction:
        scaled = array.astype(np.float64)
        scaled *= 255  # in its place: a file of flags is an eighth of this
        return np.rint(scaled, out=scaled).astype(np.uint8), ["scaled from 0..1 to 0..255"]
    whole = array if array.dtype.kind in "iu" else np.rint(array)
    return whole.astype(np.uint8), []


def _check_finite(path: Path, array: np.ndarray) -> None:
    require(bool(np.isfinite(array).all()), f"{path} holds numbers that are not finite")


def _as_example(name: str, pixels: np.ndarray, notes: list[str], invert: Invert) -> OwnImage:
    """Grey bytes of any size as a 28x28 example, bright on dark."""
    require(pixels.size > 0, f"{name} is empty: its shape is {pixels.shape}")
    require(
        bool((pixels != pixels.flat[0]).any()),
        f"{name} shows nothing: every pixel is {int(pixels.flat[0])}",
    )
    notes = list(notes)
    border = np.concatenate([pixels[0], pixels[-1], pixels[:, 0], pixels[:, -1]])
    if invert == "yes" or (invert == "auto" and float(np.median(border)) > BRIGHT):
        pixels = 255 - pixels
        why = "as asked" if invert == "yes" else "its border is bright, the data are bright on dark"
        notes.append(f"inverted ({why})")
        border = 255 - border
    height, width = pixels.shape
    if height != width:
        pixels = _square(pixels, int(np.median(border)))
        notes.append("made square by adding background")
    if pixels.shape != (SIDE, SIDE):
        size = (SIDE, SIDE)
        pixels = np.asarray(Image.fromarray(pixels).resize(size, Image.Resampling.BILINEAR))
        notes.append(f"resized from {width} x {height} to {SIDE} x {SIDE}")
    return OwnImage(name, np.array(pixels), tuple(notes))


def _square(pixels: np.ndarray, background: int) -> np.ndarray:
    """The picture in the middle of a square."""
    height, width = pixels.shape
    side = max(height, width)
    square = np.full((side, side), background, np.uint8)
    top, left = (side - height) // 2, (side - width) // 2
    square[top : top + height, left : left + width] = pixels
    return square
