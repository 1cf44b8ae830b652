"""What the numbers of a picture mean: any depth, any ground, as bytes that stand upright."""

import numpy as np
from PIL import Image, ImageChops, ImageStat

from latticework.core.checks import require
from latticework.untrusted.pictures import Picture, extremes

BRIGHTEST = 255
_TOPS = (1, 15, 16, BRIGHTEST, *((1 << bits) - 1 for bits in (10, 12, 14, 16, 24, 32)))
"""Largest values of whole numbers: bits, and the 16 of scikit-learn's digits."""

FEW = 16
"""Bytes with no larger value are numbers of fewer bits."""

_WIDE = ("I", "F")
"""First letters of Pillow's modes of more than 8 bits."""


def as_bytes(array: np.ndarray) -> tuple[np.ndarray, list[str]]:
    """Numbers of a picture, or of several from one file, as bytes; and what they were taken for.

    Whole numbers go from 0 to the smallest usual top that holds them (1, 15, 16, 255, and 10 to 32
    bits), others from 0 to 1 or to 255.

    Raises:
        ValueError: they are negative, not finite, or of an unknown range.
    """
    require(bool(np.isfinite(array).all()), "it holds numbers that are not finite")
    low, high = (0.0, 0.0) if not array.size else (float(array.min()), float(array.max()))
    is_fraction = array.dtype.kind == "f" and high <= 1
    is_whole = array.dtype.kind in "biu" or (
        not is_fraction and bool((array == np.rint(array)).all())
    )
    most = _TOPS[-1] if is_whole else BRIGHTEST
    require(
        low >= 0 and high <= most,
        f"it has values from {low:,g} to {high:,g}; whole numbers from 0 up, fractions 0..1 or "
        "numbers 0..255 can be read",
    )
    if is_fraction:
        return _scaled(array, 1), ["scaled from 0..1 to 0..255"]
    if not is_whole:
        return np.rint(array).astype(np.uint8), ["rounded to bytes"]
    top = next(top for top in _TOPS if high <= top)
    if top == BRIGHTEST or high == 0:
        return array.astype(np.uint8), []
    if top == 1:
        return _scaled(array, 1), ["two values, 0 and 1, taken as dark and light"]
    bits = "" if top == FEW else f"{top.bit_length()} bits, "
    return _scaled(array, top), [f"values to {high:,.0f} taken as {bits}0 to {top:,}"]


def _scaled(array: np.ndarray, top: int) -> np.ndarray:
    made = array.astype(np.float32 if array.dtype.itemsize <= 2 else np.float64)
    made *= BRIGHTEST / top  # in its place: a file of flags is an eighth of this
    return np.rint(made, out=made).astype(np.uint8)


def upright(picture: Picture) -> tuple[Image.Image, list[str]]:
    """A decoded picture as grey or coloured bytes that stand as the file says; and what was done.

    Where it is transparent it is laid on white, or on black where what is drawn is bright.

    Returns:
        A picture of mode L or RGB, and the steps.

    Raises:
        ValueError: its numbers mean nothing.
    """
    image, notes = picture.image, []
    if picture.frames > 1:
        notes.append(f"frame {picture.frame} of {picture.frames}, the first that shows something")
    if image.has_transparency_data:
        image, said = _on_ground(image)
        notes += said
    if image.mode.startswith(_WIDE):
        values, said = as_bytes(np.asarray(image))
        image, notes = Image.fromarray(values), notes + said
    elif image.mode != "L":
        image = image.convert("L" if image.mode == "1" else "RGB")
    if 0 < max(high for _, high in extremes(image)) <= FEW:
        values, said = as_bytes(np.asarray(image))
        image, notes = Image.fromarray(values), notes + said
    if picture.turn is not None:
        image = image.transpose(picture.turn)
        notes.append("turned as the file says it was taken")
    elif not picture.knows_up:
        notes.append("not turned: what the file says of that cannot be understood")
    return image, notes


def _on_ground(image: Image.Image) -> tuple[Image.Image, list[str]]:
    """A picture with transparent parts on the ground from which what is drawn stands out."""
    layers = image.convert("RGBA")
    alpha = layers.getchannel("A")
    if alpha.getextrema() == (BRIGHTEST, BRIGHTEST):
        return layers.convert("RGB"), []
    drawn = ImageChops.multiply(layers.convert("RGB").convert("L"), alpha)
    is_bright = ImageStat.Stat(drawn).mean[0] > ImageStat.Stat(alpha).mean[0] / 2
    ground, kind = ("black", "bright") if is_bright else ("white", "dark")
    laid = Image.alpha_composite(Image.new("RGBA", image.size, ground), layers)
    note = f"laid on {ground} where it is transparent, since what is drawn is {kind}"
    return laid.convert("RGB"), [note]
