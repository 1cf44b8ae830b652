"""Image data sets as raw arrays, and pixels as channel values."""

from dataclasses import dataclass
from typing import Literal, get_args

import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from latticework.core.checks import require
from latticework.core.registry import unknown_name
from latticework.core.task import Dataset
from latticework.tasks.catalogue import FILE_NAMES
from latticework.tasks.digits import load_digits
from latticework.tasks.sources import DataSource, fetch

ImageSet = Literal["mnist", "fashion-mnist", "digits"]
"""The image data sets, each 28x28 and of 10 classes."""

_LEVELS = 256


@dataclass(frozen=True)
class Pixels:
    """How a pixel becomes a channel value: `float32(float32(p) / 255) * gain`.

    Both roundings are those of the published program. They are made once, for all 256 levels:
    a compiler may turn a division by a constant into a multiplication, which rounds otherwise.

    Args:
        gain: factor, positive.
    """

    gain: float

    def __post_init__(self) -> None:
        require(
            np.isfinite(self.gain) and self.gain > 0,
            f"gain is {self.gain}, expected a positive number",
        )

    def __call__(self, raw: Array) -> Float[Array, "..."]:
        """Values of pixels `[...]` in 0..255, as float32."""
        return jnp.take(jnp.asarray(self.levels), raw.astype(jnp.int32), axis=0)

    @property
    def levels(self) -> np.ndarray:
        """`[256]`: the value of each level."""
        return (np.arange(_LEVELS, dtype=np.float32) / np.float32(255)) * np.float32(self.gain)


def check_image_set(name: str) -> None:
    """Raise ValueError unless `name` is an image data set."""
    known = list(get_args(ImageSet))
    require(name in known, unknown_name("image data set", name, known))


def load_images(name: str, source: DataSource) -> Dataset:
    """Read an image data set; errors as `sources.fetch`."""
    if name == "digits":
        return Dataset(*load_digits(), name=name)
    arrays = fetch(name, source)
    return Dataset(*(arrays[file] for file in FILE_NAMES), name=name)
