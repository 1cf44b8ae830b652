"""An image row by row."""

from dataclasses import dataclass

from jaxtyping import Array

from latticework.tasks.catalogue import SIDE
from latticework.tasks.image_task import AbstractImageTask, check_image_fields
from latticework.tasks.images import ImageSet


@dataclass(frozen=True)
class RowImage(AbstractImageTask):
    """Step t shows row t of the image, channel i its column i: 28 steps of 28 channels.

    Args:
        dataset, gain, channels, projection_seed, fallback: see `AbstractImageTask`.

    Raises:
        ValueError: an argument is out of range.

    Reference: grid-neurons, commit b7c349d (row-wise sequential MNIST, gain 10).
    """

    dataset: ImageSet = "mnist"
    gain: float = 10.0
    channels: int | None = None
    projection_seed: int = 0
    fallback: bool = True

    def __post_init__(self) -> None:
        check_image_fields(self)

    @property
    def pixels_per_step(self) -> int:
        """One row."""
        return SIDE

    def arrange(self, pixels: Array) -> Array:
        """Row-major order, as stored."""
        return pixels
