"""Image files as random crops, read ahead by grain."""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from latticework.core.checks import require
from latticework.core.examples import AbstractExamples, Place
from latticework.tasks.image_listing import class_of
from latticework.tasks.picture_values import upright
from latticework.untrusted import printable
from latticework.untrusted.pictures import read_picture, reason

READ_AHEAD = 4
"""Images that are read ahead, in threads of their own."""

_TRIES = 10


@dataclass(frozen=True)
class Crop:
    """A random part of an image, scaled to a square: a pure function of where it is needed.

    Args:
        side: of the square, in pixels.
        min_area: smallest share of the image's area.
        max_ratio: width over height is log-uniform between 1 / `max_ratio` and this.
        flips: whether half of the crops are mirrored.
        seed: of the draws.
    """

    side: int
    min_area: float
    max_ratio: float
    flips: bool
    seed: int

    def __call__(self, image: Image.Image, random: np.random.Generator) -> np.ndarray:
        """Bytes `[colour, row, col]`."""
        box = self._box(*image.size, random)
        size = (self.side, self.side)
        colours = image if image.mode == "RGB" else image.convert("RGB")
        made = colours.resize(size, Image.Resampling.BILINEAR, box=box)
        pixels = np.asarray(made, np.uint8).transpose(2, 0, 1)
        if self.flips and random.uniform() < 0.5:
            pixels = pixels[:, :, ::-1]
        return np.ascontiguousarray(pixels)

    def _box(
        self, width: int, height: int, random: np.random.Generator
    ) -> tuple[float, float, float, float]:
        """Left, top, right, bottom; after ten draws that do not fit, the middle."""
        limit = math.log(self.max_ratio)
        for _ in range(_TRIES):
            area = width * height * random.uniform(self.min_area, 1.0)
            ratio = math.exp(random.uniform(-limit, limit))
            wide, high = round(math.sqrt(area * ratio)), round(math.sqrt(area / ratio))
            if 0 < wide <= width and 0 < high <= height:
                left = int(random.integers(0, width - wide + 1))
                top = int(random.integers(0, height - high + 1))
                return left, top, left + wide, top + high
        wide = min(width, round(height * self.max_ratio))
        high = min(height, round(width * self.max_ratio))
        left, top = (width - wide) // 2, (height - high) // 2
        return left, top, left + wide, top + high


@dataclass(frozen=True, eq=False)
class ImageFiles(AbstractExamples):
    """The images at some paths.

    Args:
        paths: one per example, in the folder of its class or below it.
        crop: how an image becomes an example.
        skip_corrupt: put the next readable image in the place of one that is not, and count it.
        folder: the folder of the classes.
    """

    paths: tuple[str, ...]
    crop: Crop
    skip_corrupt: bool
    folder: str = ""
    skipped: set[str] = field(default_factory=set)

    @property
    def shape(self) -> tuple[int, ...]:
        """`[example, colour, row, col]`."""
        return (len(self.paths), 3, self.crop.side, self.crop.side)

    @property
    def facts(self) -> dict[str, int]:
        """How many files could not be read."""
        return {"skipped_images": len(self.skipped)}

    def read(self, place: Place) -> np.ndarray:
        """One example.

        Raises:
            ValueError: it cannot be read and may not be skipped, or there is no readable one.
        """
        random = np.random.default_rng([self.crop.seed, place.step, place.seed, place.slot])
        for further in range(len(self.paths)):
            made = self._try(self.paths[(place.example + further) % len(self.paths)], random)
            if made is not None:
                return made
        raise ValueError(
            f"none of the {len(self.paths)} images in {printable(self.folder)} can be read; look "
            "at the folder"
        )

    def read_once(self) -> tuple[np.ndarray, np.ndarray]:
        """All examples that can be read, and their numbers."""
        made = [
            self._try(path, np.random.default_rng([self.crop.seed, number]))
            for number, path in enumerate(self.paths)
        ]
        readable = np.array([n for n, one in enumerate(made) if one is not None], np.int64)
        require(
            len(readable) > 0,
            f"none of the {len(self.paths)} held-out images in {printable(self.folder)} can be "
            "read; look at the folder",
        )
        return np.stack([one for one in made if one is not None]), readable

    def batches(self, places: Sequence[Place], size: int) -> Iterator[np.ndarray]:
        """The examples at `places`, `[size, ...]` at a time, read ahead in threads.

        Raises:
            ValueError: an image cannot be read, or grain is not installed.
        """
        grain = _grain()
        options = grain.ReadOptions(num_threads=2, prefetch_buffer_size=READ_AHEAD)
        data = grain.MapDataset.source(list(places)).map(self.read).batch(size)
        return iter(data.to_iter_dataset(options))

    def _try(self, path: str, random: np.random.Generator) -> np.ndarray | None:
        try:
            return self.crop(upright(read_picture(Path(path)))[0], random)
        except (OSError, ValueError) as error:
            if not self.skip_corrupt:
                which = f"{printable(path)} of class {class_of(path, self.folder)}"
                raise ValueError(
                    f"the image {which} cannot be read ({printable(reason(error))}); remove it, or "
                    "pass over such files with --task.skip-corrupt"
                ) from error
        self.skipped.add(path)
        return None


def _grain() -> Any:
    try:
        import grain
    except ImportError as error:
        raise ValueError(
            f"image folders are read with grain, which is not here ({error}); install "
            "latticework[images]"
        ) from error
    return grain
