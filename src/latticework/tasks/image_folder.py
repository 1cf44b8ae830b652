"""A folder of image files, one sub-directory per class."""

import hashlib
import os
from dataclasses import dataclass

import jax.numpy as jnp
import numpy as np
from jaxtyping import Array

from latticework.core.checks import require
from latticework.core.seeds import check_seed
from latticework.core.task import AbstractTask, Dataset
from latticework.tasks import arguments
from latticework.tasks.image_files import Crop, ImageFiles
from latticework.tasks.image_listing import Listing, content_digest, list_images
from latticework.tasks.sources import DataSource
from latticework.untrusted import printable

VALIDATION_BYTE = 0x10
"""A path whose digest begins with a smaller byte is held out: one of sixteen."""


@dataclass(frozen=True)
class ImageFolder(AbstractTask):
    """Photographs as random crops, `[colour, row, col]` bytes; files are read when they are needed.

    Every sub-directory of `folder` is a class, in the order of their names, and every file in or
    below it an image, whatever it is called; hidden ones are passed over, and a sub-directory
    without a file is no class. The MD5 of a file's path as it is spelled from `folder` decides
    whether it is held out (first byte below 16: one of sixteen). Training crops are drawn anew for
    every step, held-out ones once; both are flipped half of the time, as published.

    Args:
        folder: where the sub-directories lie, or lay when a run began: it decides the split.
        side: of the crops, in pixels.
        num_classes_at_most: outputs of the network; there may be fewer sub-directories.
        min_area: smallest share of the image's area that a crop takes; 1 is the largest.
        max_ratio: a crop's width over its height is drawn between 1 / `max_ratio` and this.
        flips: whether half of the crops are mirrored.
        max_test: hold at most so many of the held-out images in memory to measure on.
        skip_corrupt: pass over files that cannot be read, and count them, rather than stop.
        seed: of the crops.

    Raises:
        ValueError: an argument is out of range.

    Reference: unixpickle, gridnet (2024), github.com/unixpickle/gridnet (split and augmentation).
    """

    folder: str = ""
    side: int = 256
    num_classes_at_most: int = 1000
    min_area: float = 0.08
    max_ratio: float = 4 / 3
    flips: bool = True
    max_test: int = 2048
    skip_corrupt: bool = False
    seed: int = 0

    def __post_init__(self) -> None:
        arguments.whole("side", self.side, 1, 4096)
        arguments.whole("num_classes_at_most", self.num_classes_at_most, 1, 1_000_000)
        arguments.whole("max_test", self.max_test, 1, 1_000_000)
        check_seed("seed", self.seed)
        require(
            0 < self.min_area <= 1 <= self.max_ratio,
            f"min_area is {self.min_area} and max_ratio {self.max_ratio}; expected an area in "
            "(0, 1] and a ratio from 1 up",
        )

    @property
    def num_steps(self) -> int:
        """Rows of all colours: an image is shown at once."""
        return 3 * self.side

    @property
    def num_channels(self) -> int:
        """Pixels of a row."""
        return self.side

    @property
    def num_classes(self) -> int:
        """Outputs of the network."""
        return self.num_classes_at_most

    def load(self, source: DataSource | None = None) -> Dataset:
        """List the files, split them, and read those to measure on.

        Args:
            source: its `data_dir`, where given, is where the folder lies now. The split is still
                that of the paths as they are spelled from `folder`.

        Raises:
            ValueError: no folder is named, or it holds no class, no image, or none of one part; or
                an image cannot be read.
            OSError: the folder cannot be read.
        """
        moved = None if source is None else source.data_dir
        place = moved or self.folder
        require(place != "", "no image folder is named; give --task.folder PATH")
        listing = list_images(place)
        require(
            len(listing.classes) <= self.num_classes_at_most,
            f"{printable(place)} has {len(listing.classes):,} sub-directories, more than the "
            f"{self.num_classes_at_most:,} classes of the network; set "
            f"--task.num-classes-at-most {len(listing.classes)}",
        )
        # Joined as text: the split depends on how the folder is spelled.
        spelled = [os.path.join(self.folder or place, name) for name in listing.names]  # noqa: PTH118
        is_held_out = np.array([held_out(path) for path in spelled])
        for part, there in (("to train on", ~is_held_out), ("to measure on", is_held_out)):
            require(
                bool(there.any()),
                f"{printable(place)} has {len(spelled)} images and none of them is {part}: one of "
                "sixteen is held out, by its path; add images",
            )
        held = np.flatnonzero(is_held_out)[: self.max_test]
        images, readable = self._files(place, listing, held).read_once()
        train = np.flatnonzero(~is_held_out)
        return Dataset(
            train_inputs=self._files(place, listing, train),
            train_targets=listing.numbers[train],
            test_inputs=images,
            test_targets=listing.numbers[held][readable],
            name="image-folder",
            num_classes=self.num_classes,
            origin=place,
            digest=content_digest(place, listing.names),
        )

    def _files(self, place: str, listing: Listing, chosen: np.ndarray) -> ImageFiles:
        """Some pictures of a listing, where they lie."""
        crop = Crop(self.side, self.min_area, self.max_ratio, self.flips, self.seed)
        paths = (os.path.join(place, listing.names[n]) for n in chosen)  # noqa: PTH118
        return ImageFiles(tuple(paths), crop, self.skip_corrupt, place)

    def encode(self, raw: Array | np.ndarray) -> Array:
        """Bytes `[..., 3, side, side]` to float32 in 0..1; jittable.

        Raises:
            ValueError: `raw` is of another type or shape.
        """
        shape = (3, self.side, self.side)
        require(
            raw.dtype == np.uint8 and raw.shape[-3:] == shape,
            f"images of type {raw.dtype} and shape {tuple(raw.shape)} cannot be encoded; unsigned "
            f"bytes of shape [..., 3, {self.side}, {self.side}] expected",
        )
        return jnp.asarray(raw).astype(jnp.float32) / 255


def held_out(path: str) -> bool:
    """Whether the file with this path is held out."""
    return hashlib.md5(os.fsencode(path), usedforsecurity=False).digest()[0] < VALIDATION_BYTE
