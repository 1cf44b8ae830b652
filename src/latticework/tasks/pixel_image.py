"""Images read pixel by pixel."""

from dataclasses import dataclass

from jaxtyping import Array, Float

from latticework.core.task import AbstractTask, Dataset
from latticework.tasks.catalogue import NUM_CLASSES, SIDE
from latticework.tasks.images import ImageSet, Pixels, check_image_set, load_images
from latticework.tasks.sources import DataSource


@dataclass(frozen=True)
class PixelImage(AbstractTask):
    """One pixel per step, in reading order: 784 steps of one channel.

    Args:
        dataset: which images.
        gain: factor on pixels scaled to 0..1.
    """

    dataset: ImageSet = "mnist"
    gain: float = 10.0

    def __post_init__(self) -> None:
        check_image_set(self.dataset)
        Pixels(self.gain)

    @property
    def num_steps(self) -> int:
        """One step per pixel."""
        return SIDE * SIDE

    @property
    def num_channels(self) -> int:
        """One."""
        return 1

    @property
    def num_classes(self) -> int:
        """Ten."""
        return NUM_CLASSES

    def load(self, source: DataSource) -> Dataset:
        """Read the images."""
        return load_images(self.dataset, source)

    def encode(self, raw: Array) -> Float[Array, "... time channel"]:
        """Images `[..., 28, 28]` to sequences of pixels."""
        return Pixels(self.gain)(raw).reshape(*raw.shape[:-2], self.num_steps, 1)
