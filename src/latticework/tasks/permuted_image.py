"""Images whose pixels are shuffled, always in the same way, then read row by row."""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Array, Float

from latticework.core.task import AbstractTask, Dataset
from latticework.tasks.catalogue import NUM_CLASSES, SIDE
from latticework.tasks.images import ImageSet, Pixels, check_image_set, load_images
from latticework.tasks.sources import DataSource


@dataclass(frozen=True)
class PermutedImage(AbstractTask):
    """One fixed random permutation of the 784 pixels for all images, then 28 rows of 28.

    Args:
        dataset: which images.
        gain: factor on pixels scaled to 0..1.
        seed: draws the permutation.
    """

    dataset: ImageSet = "mnist"
    gain: float = 10.0
    seed: int = 0

    def __post_init__(self) -> None:
        check_image_set(self.dataset)
        Pixels(self.gain)

    @property
    def num_steps(self) -> int:
        """One step per row."""
        return SIDE

    @property
    def num_channels(self) -> int:
        """One channel per column."""
        return SIDE

    @property
    def num_classes(self) -> int:
        """Ten."""
        return NUM_CLASSES

    @property
    def permutation(self) -> np.ndarray:
        """`[784]`: which pixel of the image comes where."""
        return np.random.default_rng(self.seed).permutation(SIDE * SIDE)

    def load(self, source: DataSource) -> Dataset:
        """Read the images."""
        return load_images(self.dataset, source)

    def encode(self, raw: Array) -> Float[Array, "... time channel"]:
        """Images `[..., 28, 28]` to sequences of shuffled rows."""
        flat = raw.reshape(*raw.shape[:-2], SIDE * SIDE)
        return Pixels(self.gain)(flat[..., self.permutation].reshape(raw.shape))
