"""An image pixel by pixel."""

from dataclasses import dataclass

from jaxtyping import Array

from latticework.tasks.image_task import AbstractImageTask, check_image_fields
from latticework.tasks.images import ImageSet


@dataclass(frozen=True)
class PixelImage(AbstractImageTask):
    """Step t shows pixel t of the image in row-major order: 784 steps of one channel.

    Args:
        dataset, gain, channels, projection_seed, fallback: see `AbstractImageTask`.

    Raises:
        ValueError: an argument is out of range.

    Reference: Q. V. Le, N. Jaitly, G. E. Hinton, arXiv:1504.00941 (pixel-by-pixel MNIST).
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
        """One."""
        return 1

    def arrange(self, pixels: Array) -> Array:
        """Row-major order, as stored."""
        return pixels
