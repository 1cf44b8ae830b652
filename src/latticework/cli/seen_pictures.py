"""Examples as a network sees them: half-block characters in a terminal, or a PNG file."""

import io
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw
from rich.text import Text

from latticework.core.checks import require
from latticework.train.files import write_atomically

MOST_COLUMNS = 32
"""Characters in a line; larger pictures are shown smaller."""

MOST_TILES = 400
_TILE, _CAPTION, _ACROSS = 112, 14, 10
_UPPER, _BRIGHT = "\u2580", 96
_HALVES = (" ", "\u2584", _UPPER, "\u2588")


def drawn_in_text(raw: np.ndarray, *, coloured: bool) -> Text:
    """An example as lines of half blocks, two pixels to a character.

    Args:
        raw: bytes `[row, col]` or `[colour, row, col]`.
        coloured: show every shade; otherwise pixels are there or not.
    """
    pixels = np.asarray(_image(raw, MOST_COLUMNS).convert("RGB"))
    if len(pixels) % 2:
        pixels = np.concatenate([pixels, pixels[-1:]])
    text = Text()
    for upper, lower in zip(pixels[::2], pixels[1::2], strict=True):
        for above, below in zip(upper, lower, strict=True):
            if coloured:
                text.append(_UPPER, f"rgb({_shade(above)}) on rgb({_shade(below)})")
            else:
                text.append(_HALVES[2 * (above.mean() >= _BRIGHT) + (below.mean() >= _BRIGHT)])
        text.append("\n")
    return text


def save_seen(path: Path, examples: Sequence[tuple[np.ndarray, str]]) -> None:
    """Write examples with a line below each into one PNG file.

    Raises:
        ValueError: there are more than fit, or the file is not named as a PNG.
        OSError: it cannot be written.
    """
    require(path.suffix.lower() == ".png", f"{path} is no name of a PNG file; end it with .png")
    require(len(examples) <= MOST_TILES, f"a PNG holds {MOST_TILES} examples, not {len(examples)}")
    across = min(_ACROSS, len(examples))
    down = -(-len(examples) // across)
    sheet = Image.new("RGB", (across * (_TILE + 4), down * (_TILE + _CAPTION + 4)), "#404040")
    pen = ImageDraw.Draw(sheet)
    for n, (raw, caption) in enumerate(examples):
        left, top = n % across * (_TILE + 4) + 2, n // across * (_TILE + _CAPTION + 4) + 2
        size = (_TILE, _TILE)
        tile = _image(raw, None).convert("RGB").resize(size, Image.Resampling.NEAREST)
        sheet.paste(tile, (left, top))
        pen.text((left, top + _TILE + 1), caption, fill="white")
    made = io.BytesIO()
    sheet.save(made, "PNG")
    write_atomically(path, made.getvalue())


def _image(raw: np.ndarray, most: int | None) -> Image.Image:
    image = Image.fromarray(np.ascontiguousarray(raw.transpose(1, 2, 0)) if raw.ndim == 3 else raw)
    if most is not None and max(image.size) > most:
        image.thumbnail((most, most))
    return image


def _shade(pixel: np.ndarray) -> str:
    return ",".join(map(str, pixel))
