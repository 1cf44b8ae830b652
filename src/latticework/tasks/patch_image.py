"""An image patch by patch."""

from dataclasses import dataclass

from jaxtyping import Array

from latticework.core.checks import require
from latticework.tasks.catalogue import SIDE
from latticework.tasks.image_task import AbstractImageTask, check_image_fields
from latticework.tasks.images import ImageSet


@dataclass(frozen=True)
class PatchImage(AbstractImageTask):
    """Step n shows the patch of site n, row-major; channel i its pixel i, row-major too.

    Networks that see the whole image at once take the steps as the sites of a lattice.

    Args:
        dataset, gain, channels, projection_seed, fallback: see `AbstractImageTask`.
        patch: side of a patch in pixels, a divisor of 28.

    Raises:
        ValueError: an argument is out of range.
    """

    dataset: ImageSet = "mnist"
    gain: float = 1.0
    channels: int | None = None
    projection_seed: int = 0
    fallback: bool = True
    patch: int = 1

    def __post_init__(self) -> None:
        require(
            self.patch >= 1 and SIDE % self.patch == 0,
            f"patch is {self.patch}, expected a divisor of {SIDE}: 1, 2, 4, 7, 14 or 28",
        )
        check_image_fields(self)

    @property
    def pixels_per_step(self) -> int:
        """One patch."""
        return self.patch**2

    @property
    def side(self) -> int:
        """Patches along each side."""
        return SIDE // self.patch

    def arrange(self, pixels: Array) -> Array:
        """Patch after patch."""
        lead = pixels.shape[:-1]
        cut = pixels.reshape(*lead, self.side, self.patch, self.side, self.patch)
        return cut.swapaxes(-3, -2).reshape(*lead, SIDE * SIDE)
