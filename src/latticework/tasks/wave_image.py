"""An image as a series of waves: one line of it after the other, or several at a time."""

from dataclasses import dataclass
from typing import Literal, get_args

import jax.numpy as jnp
import numpy as np
from jaxtyping import Array

from latticework.core.checks import require
from latticework.tasks.arguments import whole
from latticework.tasks.catalogue import SIDE
from latticework.tasks.images import ImageSet, check_image_set
from latticework.tasks.stored_images import AbstractStoredImages

Polarity = Literal["on", "on_off"]
"""Channels for bright pixels alone, or for bright and then for dark ones."""

BRIGHTEST = 255


@dataclass(frozen=True)
class WaveImage(AbstractStoredImages):
    """Wave r shows lines `r stride .. r stride + lines - 1` of the centre of an image.

    Channels are the lines from left to right and top to bottom; with polarity "on_off" those of
    the inverted pixels `255 - p` follow. How a pixel becomes spikes is the network's code.

    Args:
        dataset, fallback: see `AbstractStoredImages`.
        crop: side of the square in the centre that is shown.
        lines: lines per wave; `crop` shows the whole of it in one wave.
        stride: lines between two waves.
        polarity: "on" or "on_off".

    Raises:
        ValueError: an argument is out of range.

    Reference: project 18847-rTNN, commit 0db0f76 (28 waves of one row; 8 of the central 8x8).
    """

    dataset: ImageSet = "mnist"
    crop: int = SIDE
    lines: int = 1
    stride: int = 1
    polarity: Polarity = "on"
    fallback: bool = True

    def __post_init__(self) -> None:
        check_image_set(self.dataset)
        whole("crop", self.crop, 1, SIDE)
        whole("lines", self.lines, 1, self.crop)
        whole("stride", self.stride, 1, self.crop)
        known = get_args(Polarity)
        require(
            self.polarity in known,
            f"polarity is {self.polarity!r}; one of {', '.join(known)} expected",
        )

    @property
    def num_steps(self) -> int:
        """Waves per image."""
        return (self.crop - self.lines) // self.stride + 1

    @property
    def num_channels(self) -> int:
        """Channels per wave."""
        return self.lines * self.crop * (2 if self.polarity == "on_off" else 1)

    def lines_of_waves(self) -> np.ndarray:
        """First and last line of the image that each wave shows, `[wave, 2]`."""
        first = self.start + np.arange(self.num_steps) * self.stride
        return np.stack([first, first + self.lines - 1], axis=1)

    @property
    def start(self) -> int:
        """First line and column of the square that is shown."""
        # The published crops of 8 and 13 begin at 10 and, 7.5 rounded to even, at 8.
        return round((SIDE - self.crop) / 2)

    def encode(self, raw: Array | np.ndarray) -> Array:
        """Images uint8 `[..., 28, 28]` to whole numbers 0..255, float32 `[..., wave, channel]`.

        Raises:
            ValueError: `raw` is of another type or shape.
        """
        require(
            raw.dtype == np.uint8 and raw.shape[-2:] == (SIDE, SIDE),
            f"images of type {raw.dtype} and shape {tuple(raw.shape)} cannot be encoded; unsigned "
            f"bytes of shape [..., {SIDE}, {SIDE}] expected",
        )
        start, end = self.start, self.start + self.crop
        pixels = jnp.asarray(raw)[..., start:end, start:end].astype(jnp.float32)
        first = np.arange(self.num_steps) * self.stride
        rows = first[:, None] + np.arange(self.lines)
        shown = jnp.take(pixels, jnp.asarray(rows.reshape(-1)), axis=-2)
        shown = shown.reshape(*pixels.shape[:-2], self.num_steps, self.lines * self.crop)
        if self.polarity == "on":
            return shown
        return jnp.concatenate([shown, jnp.float32(BRIGHTEST) - shown], axis=-1)
