"""What the image tasks share: loading, exact scaling of pixels, cutting into steps."""

import abc

import jax.numpy as jnp
import numpy as np
from jaxtyping import Array

from latticework.core.checks import require
from latticework.core.task import AbstractTask, Dataset
from latticework.tasks import arguments
from latticework.tasks.catalogue import NUM_CLASSES, SIDE
from latticework.tasks.digits import NUM_TEST as NUM_TEST_DIGITS
from latticework.tasks.digits import NUM_TRAIN as NUM_TRAIN_DIGITS
from latticework.tasks.images import EMBEDDED, Images, ImageSet, check_image_set, fetch
from latticework.tasks.projection import MAX_CHANNELS, SparseProjection
from latticework.tasks.sources import DataSource, NoDataError

NUM_PIXELS = SIDE * SIDE

FALLBACK_FROM = "mnist"
"""The one data set that the embedded digits may stand in for."""


NOTICE = (
    "MNIST could not be had, so this run uses scikit-learn's 8x8 digits enlarged to 28x28 "
    f"({NUM_TRAIN_DIGITS:,} for training, {NUM_TEST_DIGITS} for the test), and its accuracy cannot "
    "be compared with published numbers; name a folder with MNIST with --data-dir to change that."
)
"""The sentence that announces the fall-back."""


class AbstractImageTask(AbstractTask):
    """An image as a sequence: pixels scaled, put in an order, cut into equal steps.

    The final classes are frozen dataclasses with these fields:

    Args:
        dataset: "mnist", "fashion-mnist", "digits" or "own" (the user's own files).
        gain: pixel p becomes `float32(float32(p) / 255) * gain`, rounded to float32 twice.
        channels: channels of the network; None: as many as pixels per step. Another number than
            that puts a `SparseProjection` in between.
        projection_seed: of that projection.
        fallback: when MNIST cannot be had from anywhere, load the embedded digits and say so in
            `Dataset.notice`. It never replaces another data set, nor a damaged file.
    """

    dataset: ImageSet
    gain: float
    channels: int | None
    projection_seed: int
    fallback: bool

    @property
    @abc.abstractmethod
    def pixels_per_step(self) -> int:
        """Number of pixels that one step shows."""

    @abc.abstractmethod
    def arrange(self, pixels: Array) -> Array:
        """Put the scaled pixels `[..., 784]`, row-major, in the order in which they are shown."""

    @property
    def num_steps(self) -> int:
        """Steps per image, 784 / `pixels_per_step`."""
        return NUM_PIXELS // self.pixels_per_step

    @property
    def num_channels(self) -> int:
        """Channels of the network."""
        return self.pixels_per_step if self.channels is None else self.channels

    @property
    def projection(self) -> SparseProjection | None:
        """What lies between the pixels of a step and the channels; None when they are as many."""
        if self.num_channels == self.pixels_per_step:
            return None
        return SparseProjection(self.num_channels, self.pixels_per_step, self.projection_seed)

    @property
    def num_classes(self) -> int:
        """Ten, for every image data set."""
        return NUM_CLASSES

    def load(self, source: DataSource) -> Dataset:
        """Read the images; `Dataset.name` and `notice` say when they are not those asked for.

        Args:
            source: where to look.

        Raises:
            NoDataError: the files cannot be had and nothing may replace them.
            ValueError: a file is not what it should be.
            OSError: a file cannot be read, or the cache folder cannot be written.
        """
        try:
            images = fetch(self.dataset, source)
        except NoDataError:
            if not (self.fallback and self.dataset == FALLBACK_FROM):
                raise
            return _dataset(fetch(EMBEDDED, source), EMBEDDED, NOTICE)
        return _dataset(images, self.dataset, "")

    def encode(self, raw: Array | np.ndarray) -> Array:
        """Images uint8 `[..., 28, 28]` to float32 `[..., num_steps, num_channels]`; jittable.

        Raises:
            ValueError: `raw` is of another type or shape.
        """
        require(
            raw.dtype == np.uint8 and raw.shape[-2:] == (SIDE, SIDE),
            f"images of type {raw.dtype} and shape {tuple(raw.shape)} cannot be encoded; unsigned "
            f"bytes of shape [..., {SIDE}, {SIDE}] expected",
        )
        pixels = scale_pixels(jnp.asarray(raw), self.gain)
        lead = pixels.shape[:-2]
        shown = self.arrange(pixels.reshape(*lead, NUM_PIXELS))
        steps = shown.reshape(*lead, self.num_steps, self.pixels_per_step)
        projection = self.projection
        return steps if projection is None else projection(steps)


def scale_pixels(raw: Array, gain: float) -> Array:
    """`float32(float32(p) / 255) * gain` for bytes p, bit for bit, in any compiled context.

    Looked up in a table of 256 entries: left to itself, XLA may join the division and the
    multiplication and round once.
    """
    table = np.arange(256, dtype=np.float32) / np.float32(255) * np.float32(gain)
    return jnp.asarray(table).at[raw].get(mode="promise_in_bounds")


def check_image_fields(task: AbstractImageTask) -> None:
    """Check the fields that all image tasks have.

    Raises:
        ValueError: one is out of range; the sentence names it.
    """
    check_image_set(task.dataset)
    arguments.scale("gain", task.gain)
    if task.channels is not None:
        arguments.whole("channels", task.channels, 1, MAX_CHANNELS)
    arguments.seed("projection_seed", task.projection_seed)
    if task.projection is not None:
        task.projection.matrix()  # says so if nothing would pass


def _dataset(images: Images, name: str, notice: str) -> Dataset:
    """`images` as the training loop takes them."""
    return Dataset(
        train_inputs=images.train_images,
        train_targets=images.train_classes,
        test_inputs=images.test_images,
        test_targets=images.test_classes,
        name=name,
        notice=notice,
    )
