"""What the image tasks share: loading, exact scaling of pixels, cutting into steps."""

import abc

import jax.numpy as jnp
import numpy as np
from jaxtyping import Array

from latticework.core.checks import require
from latticework.core.seeds import check_seed
from latticework.tasks import arguments
from latticework.tasks.catalogue import SIDE
from latticework.tasks.images import check_image_set
from latticework.tasks.projection import MAX_CHANNELS, SparseProjection
from latticework.tasks.stored_images import AbstractStoredImages

NUM_PIXELS = SIDE * SIDE


class AbstractImageTask(AbstractStoredImages):
    """An image as a sequence: pixels scaled, put in an order, cut into equal steps.

    The final classes are frozen dataclasses with these fields:

    Args:
        dataset, fallback: see `AbstractStoredImages`.
        gain: pixel p becomes `float32(float32(p) / 255) * gain`, rounded to float32 twice.
        channels: channels of the network; None: as many as pixels per step. Another number than
            that puts a `SparseProjection` in between.
        projection_seed: of that projection.
    """

    gain: float
    channels: int | None
    projection_seed: int

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
    check_seed("projection_seed", task.projection_seed)
    if task.projection is not None:
        task.projection.matrix()  # says so if nothing would pass
