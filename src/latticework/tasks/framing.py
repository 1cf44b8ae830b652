"""A drawing brought to the frame in which a set of digits shows them.

The box of the ink, pixels of at least `INK`, has `side` pixels along its longer side and begins at
the edge `e`. With `s = side / box` pixels of the drawing to one of the frame, and the whole number
of pixels `b` that brings the middle of the ink to the frame's, row r of the frame averages the rows
from `e + (r - b) s` on, as many as `max(s, 1)`; columns likewise:

    out = D image A^T,    D[r, y] = overlap(row y, that stretch) / max(s, 1),    A so for columns

A drawing of the right size is thereby moved by whole pixels and loses nothing. Then brightness is
scaled so that a share of the ink is as bright as can be. `centred` in `web/src/ui/framing.ts` is
the same for 28 x 28 pixels; `web/tests/fixtures/framing.json` holds both to it.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from latticework.tasks.catalogue import SIDE

INK = 32
"""Pixels that are at least so bright are ink; the ground is 0."""

_BLOCK = 256


@dataclass(frozen=True)
class Frame:
    """How a set of digits shows them.

    Args:
        box: longer side of the ink's box, in pixels.
        middle: where its middle lies, in pixels from the first one's centre.
        by_mass: whether its middle is the centre of mass, not that of the box.
        full: share of the ink that is as bright as can be; None: brightness is left alone.
    """

    box: int
    middle: float
    by_mass: bool
    full: float | None


FRAMES: Mapping[str, Frame] = {
    # MNIST's centres of mass lie between 13.5 and 14.5: it was moved by whole pixels.
    # Ink that is enlarged and reduced again is dim where strokes are thin; the share was chosen on
    # training images that were.
    "mnist": Frame(box=20, middle=14.0, by_mass=True, full=0.4),
    "digits": Frame(box=28, middle=13.5, by_mass=False, full=None),
}
"""By the name of the data set. Other sets have no frame of their own."""


@dataclass(frozen=True)
class Ink:
    """Where the ink of a drawing lies, in pixels, row and column.

    Args:
        first: first pixel of its box.
        last: last pixel of its box.
        mass: centre of mass of the whole drawing.
    """

    first: tuple[int, int]
    last: tuple[int, int]
    mass: tuple[float, float]

    @property
    def side(self) -> int:
        """Longer side of the box."""
        return max(last - first for first, last in zip(self.first, self.last, strict=True)) + 1

    def middle(self, frame: Frame) -> tuple[float, float]:
        """What a frame has in its middle."""
        if frame.by_mass:
            return self.mass
        return (self.first[0] + self.last[0]) / 2, (self.first[1] + self.last[1]) / 2


def ink_of(image: np.ndarray) -> Ink | None:
    """Where the ink of bytes `[row, col]`, bright on 0, lies; None where there is none."""
    rows, cols = (np.flatnonzero((image >= INK).any(axis)) for axis in (1, 0))
    if not len(rows):
        return None
    mass = float(image.sum(dtype=np.float64))
    down, across = (
        float(image.sum(axis, dtype=np.float64) @ np.arange(image.shape[1 - axis])) / mass
        for axis in (1, 0)
    )
    first, last = (int(rows[0]), int(cols[0])), (int(rows[-1]), int(cols[-1]))
    return Ink(first, last, (down, across))


def is_framed(image: np.ndarray, frame: Frame) -> bool:
    """Whether bytes of 28 x 28 pixels are in a frame already, to the pixel."""
    ink = ink_of(image)
    if ink is None or image.shape != (SIDE, SIDE):
        return False
    is_of_size = abs(ink.side - frame.box) <= 1
    return is_of_size and all(abs(at - frame.middle) <= 1 for at in ink.middle(frame))


def framed(image: np.ndarray, frame: Frame) -> np.ndarray:
    """Bytes `[row, col]` of any size, bright on 0, in a frame: bytes `[28, 28]`.

    What is in it already stays as it is; where there is no ink, there is none.
    """
    ink = ink_of(image)
    if ink is None:
        return np.zeros((SIDE, SIDE), np.uint8)
    if is_framed(image, frame):
        return image
    scale = ink.side / frame.box
    down, across = (
        _weights(size, first, middle, scale, frame.middle)
        for size, first, middle in zip(image.shape, ink.first, ink.middle(frame), strict=True)
    )
    starts = range(0, len(image), _BLOCK)  # a copy in float64 would be eight times the picture
    made = sum(down[:, at : at + _BLOCK] @ (image[at : at + _BLOCK] @ across.T) for at in starts)
    return _brightened(np.asarray(made), frame.full)


def _weights(size: int, first: int, middle: float, scale: float, target: float) -> np.ndarray:
    """What each pixel of a side counts in each of the frame, `[28, size]`."""
    edge = first - 0.5
    begins = np.floor(target - (middle - edge) / scale + 1)
    centres = edge + (np.arange(SIDE) - begins + 0.5) * scale
    width = max(scale, 1.0)
    pixels = np.arange(size)
    ends = np.minimum(pixels + 0.5, centres[:, None] + width / 2)
    starts = np.maximum(pixels - 0.5, centres[:, None] - width / 2)
    return np.maximum(0.0, ends - starts) / width


def _brightened(image: np.ndarray, share: float | None) -> np.ndarray:
    """Bytes of which a share of the ink is as bright as can be."""
    ink = np.sort(image[image >= INK])
    full = 255.0
    if share is not None and len(ink):
        full = float(ink[int((1 - share) * (len(ink) - 1))])
    # Half up, as JavaScript rounds.
    return np.floor(np.minimum(image * (255 / full), 255) + 0.5).astype(np.uint8)
