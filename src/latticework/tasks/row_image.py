"""Images read row by row."""

from dataclasses import dataclass

import jax.numpy as jnp
from jaxtyping import Array, Float

from latticework.core.checks import require
from latticework.core.task import AbstractTask, Dataset
from latticework.tasks.catalogue import NUM_CLASSES, SIDE
from latticework.tasks.images import ImageSet, Pixels, check_image_set, load_images
from latticework.tasks.projection import sparse_projection
from latticework.tasks.sources import DataSource


@dataclass(frozen=True)
class RowImage(AbstractTask):
    """x(t) is row t of the image; channel i carries column i.

    Args:
        dataset: which images.
        gain: factor on pixels scaled to 0..1; 10 as published.
        channels: number of channels; 28 gives the columns themselves, any other number a fixed
            sparse random projection of them.
        projection_seed: draws the projection.
    """

    dataset: ImageSet = "mnist"
    gain: float = 10.0
    channels: int = SIDE
    projection_seed: int = 0

    def __post_init__(self) -> None:
        check_image_set(self.dataset)
        Pixels(self.gain)
        require(self.channels >= 1, f"channels is {self.channels}, expected 1 or more")

    @property
    def num_steps(self) -> int:
        """One step per row."""
        return SIDE

    @property
    def num_channels(self) -> int:
        """One channel per column, unless projected."""
        return self.channels

    @property
    def num_classes(self) -> int:
        """Ten."""
        return NUM_CLASSES

    def load(self, source: DataSource) -> Dataset:
        """Read the images."""
        return load_images(self.dataset, source)

    def encode(self, raw: Array) -> Float[Array, "... time channel"]:
        """Images `[..., 28, 28]` to sequences of rows."""
        rows = Pixels(self.gain)(raw)
        if self.channels == SIDE:
            return rows
        projection = sparse_projection(self.channels, SIDE, self.projection_seed)
        return jnp.einsum("...i,ci->...c", rows, projection)
