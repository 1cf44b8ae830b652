"""An image with its pixels permuted, row by row."""

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from jaxtyping import Array

from latticework.core.seeds import check_seed
from latticework.tasks.catalogue import SIDE
from latticework.tasks.image_task import NUM_PIXELS, AbstractImageTask, check_image_fields
from latticework.tasks.images import ImageSet


@dataclass(frozen=True)
class PermutedImage(AbstractImageTask):
    """All images with one fixed random permutation of their 784 pixels, then row by row.

    Neighbourhood in the image no longer means anything; 28 steps of 28 channels.

    Args:
        dataset, gain, channels, projection_seed, fallback: see `AbstractImageTask`.
        seed: of the permutation.

    Raises:
        ValueError: an argument is out of range.

    Reference: Q. V. Le, N. Jaitly, G. E. Hinton, arXiv:1504.00941 (permuted MNIST).
    """

    dataset: ImageSet = "mnist"
    gain: float = 10.0
    channels: int | None = None
    projection_seed: int = 0
    fallback: bool = True
    seed: int = 0

    def __post_init__(self) -> None:
        check_image_fields(self)
        check_seed("seed", self.seed)

    @property
    def pixels_per_step(self) -> int:
        """One row of the permuted image."""
        return SIDE

    def arrange(self, pixels: Array) -> Array:
        """The permuted order: place i shows pixel `permutation(seed)[i]`."""
        return pixels[..., permutation(self.seed)]


@lru_cache(maxsize=16)
def permutation(seed: int) -> np.ndarray:
    """The permutation of the 784 pixels for `seed`, read-only.

    From numpy's legacy generator, whose stream is frozen: the same on every version.
    """
    order = np.random.RandomState(seed).permutation(NUM_PIXELS)
    order.setflags(write=False)
    return order
