"""Pictures: held against limits by their header, then decoded by Pillow, whatever it raises."""

import contextlib
import io
import logging
import os
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

from PIL import Image

from latticework.core.checks import require
from latticework.untrusted.files import read_file

FORMATS = ("PNG", "JPEG", "GIF", "BMP", "TIFF", "WEBP", "PPM")
"""What is read. Pillow knows more, and some start other programs or are slow on purpose."""

MAX_BYTES = 1 << 30
MEMORY = 240 << 20
"""Bytes that decoding any picture may take; a larger file, eight times its own size."""

GROWTH = 8
MAX_SIDE = 1 << 16
MOST_FRAMES = 64
MOST_PIXELS = 1 << 25
"""So many frames, of so many pixels together, are looked at for one that shows something."""

MAX_SLOW_PIXELS = 1 << 18
"""Of the kinds of PPM that Pillow decodes in Python."""

_STORED = {"1": 1, "L": 1, "P": 1, "I;16": 2, "I;16B": 2, "I;16L": 2}
_IN_PILLOW = {"GIF": 8, "WEBP": 12}
"""Bytes per pixel of a picture in Pillow's memory (4 where not listed), and while decoding it."""

_CONVERTED, _LAID_ON_WHITE = 4, 8
_ORIENTATION = 0x0112
_JPEG, _EXIF, _NO_EXIF = b"\xff\xd8", b"Exif\0\0", b"None\0\0"
_TILE_SIDES = (322, 323)
_TURNS = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}
# Pillow warns of what is odd in a file; what matters of it is refused here.
warnings.filterwarnings("ignore", module=r"PIL\.")
logging.getLogger("PIL").addHandler(logging.NullHandler())


class Picture(NamedTuple):
    """A decoded picture.

    Args:
        image: as Pillow holds it.
        turn: how it must be turned to stand as its file says; None: it stands.
        frame: which of the file's frames it is, from 1 up.
        frames: how many there are.
        knows_up: False where the file may say how it was taken, but cannot be understood.
    """

    image: Image.Image
    turn: Image.Transpose | None = None
    frame: int = 1
    frames: int = 1
    knows_up: bool = True


def read_picture(path: Path, longest: int = MAX_SIDE) -> Picture:
    """The picture in a file; where there are several, the first that shows something.

    Args:
        path: the file, of any name.
        longest: most pixels on a side.

    Raises:
        ValueError: it is no whole picture of a format that is read, or too large. The message is a
            phrase that fits into brackets.
        OSError: the file cannot be read.
    """
    require(path.is_file(), "there is no such file")
    data = read_file(path, MAX_BYTES)
    try:
        return _decoded(data, longest)
    except ValueError:
        if not (data.startswith(_JPEG) and _EXIF in data):
            raise
    # Pillow reads the block for the resolution, and gives up where that cannot be understood.
    return _decoded(data.replace(_EXIF, _NO_EXIF), longest)._replace(knows_up=False)


def _decoded(data: bytes, longest: int) -> Picture:
    try:
        # From memory: a plugin that asks for as much as a chunk announces gets what there is.
        with Image.open(io.BytesIO(data), formats=FORMATS) as opened:
            with _silent() if opened.format == "TIFF" else contextlib.nullcontext():
                frame, frames = _load(opened, len(data), longest)
            turn, knows_up = _turn(opened)
            return Picture(opened, turn, frame, frames, knows_up)
    except Image.UnidentifiedImageError:
        raise ValueError(f"it is no {', '.join(FORMATS[:-1])} or {FORMATS[-1]}") from None
    except Exception as error:  # each of Pillow's plugins has its own
        raise ValueError(reason(error)) from error


def _load(opened: Image.Image, length: int, longest: int) -> tuple[int, int]:
    """Decode the first frame that shows something, the first of all where none does.

    Returns:
        Which frame it is, and of how many.
    """
    _check_size(opened, length, longest)
    opened.load()
    # What comes after a photograph of this format are previews of it.
    frames = 1 if opened.format in ("JPEG", "MPO") else getattr(opened, "n_frames", 1)
    most = min(frames, MOST_FRAMES, 2 + MOST_PIXELS // (opened.width * opened.height))
    for frame in range(1, most):
        if not _is_blank(opened):
            return frame, frames
        opened.seek(frame)
        _check_size(opened, length, longest)
        opened.load()
    if frames > 1 and _is_blank(opened):
        opened.seek(0)
        opened.load()
        return 1, frames
    return most, frames


def extremes(image: Image.Image) -> list[tuple[float, float]]:
    """Lowest and highest value of each band of a picture."""
    found: Any = image.getextrema()
    return list(found) if isinstance(found[0], tuple) else [found]


def _is_blank(image: Image.Image) -> bool:
    """Whether all pixels are the same."""
    return all(low == high for low, high in extremes(image))


@contextlib.contextmanager
def _silent() -> Iterator[None]:
    """libtiff writes what it dislikes to the error stream by itself; it is in the exception."""
    try:
        kept = os.dup(2)
    except OSError:  # there is no error stream
        yield
        return
    nothing = os.open(os.devnull, os.O_WRONLY)
    try:
        os.dup2(nothing, 2)
        yield
    finally:
        os.dup2(kept, 2)
        os.close(kept)
        os.close(nothing)


def reason(error: Exception) -> str:
    """An exception as a phrase, also where it says nothing."""
    return " ".join(str(error).split()) or type(error).__name__


def _check_size(opened: Image.Image, length: int, longest: int) -> None:
    """Refuse, by the header alone, what would take too much memory or time."""
    width, height = opened.size
    require(
        0 < width <= longest and 0 < height <= longest,
        f"it has {width:,} x {height:,} pixels; at most {longest:,} on a side are read",
    )
    pixels = width * height
    need, most = pixels * _bytes_per_pixel(opened), max(MEMORY, GROWTH * length)
    require(
        need <= most,
        f"it has {width:,} x {height:,} pixels, which take {need:,} bytes; at most {most:,} are "
        "taken, so make it smaller",
    )
    for tag in _TILE_SIDES:
        side = getattr(opened, "tag_v2", {}).get(tag, 0)
        require(
            isinstance(side, int) and side <= max(width, height) + 256,
            f"its tiles have {side!r} pixels on a side, more than the picture",
        )
    is_slow = any(str(tile[0]).startswith("ppm") for tile in getattr(opened, "tile", ()))
    require(
        not is_slow or pixels <= MAX_SLOW_PIXELS,
        f"it has {pixels:,} pixels in a kind of PPM that is slow to read; save it as PNG",
    )


def _bytes_per_pixel(opened: Image.Image) -> int:
    """What decoding takes, a converted copy included."""
    taken = _STORED.get(opened.mode, 4) + _IN_PILLOW.get(opened.format or "", 0) + _CONVERTED
    if opened.info.get("progressive"):
        taken += 2 * len(opened.getbands())  # all coefficients are kept
    return taken + (_LAID_ON_WHITE if opened.has_transparency_data else 0)


def _turn(opened: Image.Image) -> tuple[Image.Transpose | None, bool]:
    """What the file says of its orientation, and whether that can be understood."""
    try:
        said = opened.getexif().get(_ORIENTATION, 1)
    except Exception:  # each damage of the block has its own
        return None, False
    return _TURNS.get(said), said == 1 or said in _TURNS
