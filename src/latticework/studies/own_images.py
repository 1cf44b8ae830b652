"""A user's own pictures as a data set would hold them."""

import dataclasses
from pathlib import Path
from typing import Literal

import numpy as np
from PIL import Image

from latticework.core.checks import require
from latticework.core.task import AbstractTask
from latticework.studies.own_arrays import MAX_SIDE, Drawn, pictures_of, sequences_of
from latticework.tasks import AbstractStoredImages, ImageFolder
from latticework.tasks.catalogue import SIDE
from latticework.tasks.framing import FRAMES, Frame, framed, ink_of, is_framed
from latticework.tasks.picture_values import upright
from latticework.untrusted.pictures import read_picture, reason

Invert = Literal["auto", "yes", "no"]
"""Whether to swap black and white: `auto` does it for pictures whose border is bright."""

BRIGHT = 127


@dataclasses.dataclass(frozen=True)
class OwnImage:
    """One example of the user's.

    Args:
        name: the file, and the place in it when it holds several.
        raw: as the task stores an example: uint8 `[28, 28]` for image tasks, `[3, side, side]` for
            photographs.
        notes: what was done to it, in words.
    """

    name: str
    raw: np.ndarray
    notes: tuple[str, ...]


def read_examples(
    path: Path, task: AbstractTask, invert: Invert = "auto", *, as_is: bool = False
) -> list[OwnImage]:
    """Read a picture, or an .npy array of one or several examples.

    Args:
        path: PNG or another format that is read, any size and depth; or .npy.
        task: what the examples are for.
        invert: whether to swap black and white. Data sets of digits are bright on dark.
        as_is: leave the drawing where it is and as bright as it is; otherwise it is brought to the
            frame of the digits that were learned, where these have one.

    Raises:
        ValueError: there is no such file, it cannot be read, or it does not fit the task.
    """
    require(path.is_file(), f"there is no file {path}; name a PNG picture or an .npy array")
    is_array, is_photo = path.suffix.lower() == ".npy", isinstance(task, ImageFolder)
    if not is_photo and not isinstance(task, AbstractStoredImages):
        require(
            is_array,
            f"{path}: this run learned sequences, not pictures; give an .npy array of shape "
            f"[{task.num_steps}, {task.num_channels}] (step, channel)",
        )
        return [OwnImage(name, one, ()) for name, one in sequences_of(path, task)]
    drawn = pictures_of(path, colour_first=is_photo) if is_array else [_read_picture(path)]
    for one in drawn:
        _check_shows(one)
    if isinstance(task, ImageFolder):
        return [_photograph(one, task.side) for one in drawn]
    frame = None if as_is or not isinstance(task, AbstractStoredImages) else _frame(task)
    return [_digit(one, invert, frame) for one in drawn]


def _frame(task: AbstractStoredImages) -> Frame | None:
    return FRAMES.get(task.dataset)


def _read_picture(path: Path) -> Drawn:
    try:
        image, notes = upright(read_picture(path, MAX_SIDE))
    except (ValueError, OSError) as error:
        raise ValueError(
            f"{path} cannot be read as a picture ({reason(error)}); give a PNG or an .npy array"
        ) from error
    return Drawn(str(path), np.asarray(image), notes)


def _check_shows(drawn: Drawn) -> None:
    """Refuse a picture without pixels, and one whose pixels are all the same."""
    name, pixels, _ = drawn
    require(pixels.size > 0, f"{name} is empty: its shape is {pixels.shape}")
    first = pixels[0, 0]
    require(
        bool((pixels != first).any()),
        f"{name} shows nothing: every pixel is {' '.join(map(str, np.atleast_1d(first)))}",
    )


def _photograph(drawn: Drawn, side: int) -> OwnImage:
    """The middle square of a picture, as `[colour, row, col]`."""
    name, pixels, notes = drawn
    image, notes = Image.fromarray(pixels).convert("RGB"), list(notes)
    width, height = image.size
    short = min(width, height)
    left, top = (width - short) // 2, (height - short) // 2
    if width != height:
        notes.append(f"its middle square of {short} x {short} pixels taken")
    if short != side:
        notes.append(f"resized from {short} x {short} to {side} x {side}")
    box = (left, top, left + short, top + short)
    made = image.resize((side, side), Image.Resampling.BILINEAR, box=box)
    raw = np.ascontiguousarray(np.asarray(made).transpose(2, 0, 1))
    return OwnImage(name, raw, tuple(notes))


def _digit(drawn: Drawn, invert: Invert, frame: Frame | None) -> OwnImage:
    """A picture as a 28 x 28 example, bright on dark, in a frame where there is one."""
    name, pixels, notes = drawn
    notes = list(notes)
    if pixels.ndim == 3:
        pixels = np.asarray(Image.fromarray(pixels).convert("L"))
        notes.append("made grey")
    border = _border(pixels)
    if invert == "yes" or (invert == "auto" and border > BRIGHT):
        pixels, border = 255 - pixels, 255 - border
        why = "as asked" if invert == "yes" else "its border is bright, the data are bright on dark"
        notes.append(f"inverted ({why})")
    if frame is None or border > BRIGHT:
        raw, said = _fitted(pixels, border)
    elif border == 0 and is_framed(pixels, frame):
        raw, said = pixels, []
    else:
        raw, said = _brought_to(frame, pixels, border)
    return OwnImage(name, np.array(raw), (*notes, *said))


def _border(pixels: np.ndarray) -> int:
    """The middle brightness of the border: what the ground is like."""
    edges = (pixels[0], pixels[-1], pixels[:, 0], pixels[:, -1])
    return int(np.median(np.concatenate(edges)))


def _brought_to(frame: Frame, pixels: np.ndarray, ground: int) -> tuple[np.ndarray, list[str]]:
    """A drawing on black, in a frame."""
    notes, brightest = [], int(pixels.max())
    if brightest > ground and (ground, brightest) != (0, 255):
        notes.append(f"brightness {ground}..{brightest} stretched to 0..255")
        table = np.clip((np.arange(256) - ground) * (255 / (brightest - ground)), 0, 255)
        pixels = np.rint(table).astype(np.uint8)[pixels]
    ink = ink_of(pixels)
    if is_framed(pixels, frame):
        return pixels, notes
    if ink is None:
        return framed(pixels, frame), [*notes, "nothing in it is brighter than its border"]
    where = "centre of mass" if frame.by_mass else "middle"
    if ink.side != frame.box:
        notes.append(f"scaled, its ink from {ink.side} to {frame.box} pixels")
    notes.append(f"centred, its {where} as in the data")
    return framed(pixels, frame), notes


def _fitted(pixels: np.ndarray, ground: int) -> tuple[np.ndarray, list[str]]:
    """The whole picture, squared with ground, at 28 x 28."""
    notes, (height, width) = [], pixels.shape
    if height != width:
        pixels = _square(pixels, ground)
        notes.append("made square by adding background")
    if pixels.shape != (SIDE, SIDE):
        size = (SIDE, SIDE)
        pixels = np.asarray(Image.fromarray(pixels).resize(size, Image.Resampling.BILINEAR))
        notes.append(f"resized from {width} x {height} to {SIDE} x {SIDE}")
    return pixels, notes


def _square(pixels: np.ndarray, background: int) -> np.ndarray:
    """The picture in the middle of a square."""
    height, width = pixels.shape
    side = max(height, width)
    square = np.full((side, side), background, np.uint8)
    top, left = (side - height) // 2, (side - width) // 2
    square[top : top + height, left : left + width] = pixels
    return square
