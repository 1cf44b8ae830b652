"""What the image tasks share: loading, exact scaling of pixels, cutting into steps."""

import abc
from functools import lru_cache

import jax.numpy as jnp
import numpy as np
from jaxtyping import Array

from latticework.core.byte_encoding import NUM_BYTES, ByteEncoding
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
        channels: channels of the network; None: as many as a step shows. Another number than that
            puts a `SparseProjection` in between.
        projection_seed: of that projection.
    """

    gain: float
    channels: int | None
    projection_seed: int

    @property
    @abc.abstractmethod
    def pixels_per_step(self) -> int:
        """Number of pixels that one step shows."""

    @property
    def shown_per_step(self) -> int:
        """Channels of a step before any projection: the pixels, and what `extend` adds."""
        return self.pixels_per_step

    def extend(self, steps: Array, ramp: Array) -> Array:
        """Add to the steps `[..., step, pixel]` what a task shows beside the pixels of a step.

        `ramp` `[step]` is what a clock shows. Works on anything that stands for values, 0 being
        black.
        """
        del ramp
        return steps

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
        return self.shown_per_step if self.channels is None else self.channels

    @property
    def projection(self) -> SparseProjection | None:
        """What lies between the pixels of a step and the channels; None when they are as many."""
        if self.num_channels == self.shown_per_step:
            return None
        return SparseProjection(self.num_channels, self.shown_per_step, self.projection_seed)

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
        steps = self.steps(pixels.reshape(*pixels.shape[:-2], NUM_PIXELS))
        shown = self.extend(steps, jnp.asarray(self.ramp))
        projection = self.projection
        return shown if projection is None else projection(shown)

    def byte_encoding(self) -> ByteEncoding | None:
        """The same as a table of bytes; None with a projection, which adds some up."""
        return None if self.projection is not None else _byte_encoding(self)

    def steps(self, pixels: Array) -> Array:
        """Pixels `[..., 784]` in their order, cut into steps."""
        shape = (*pixels.shape[:-1], self.num_steps, self.pixels_per_step)
        return self.arrange(pixels).reshape(shape)

    @property
    def ramp(self) -> np.ndarray:
        """What a clock shows, float32 `[step]`: evenly from -gain to gain."""
        return np.linspace(-self.gain, self.gain, self.num_steps, dtype=np.float32)


@lru_cache(maxsize=64)
def _byte_encoding(task: AbstractImageTask) -> ByteEncoding:
    """The encoding of codes in the place of values; black is byte 0."""
    number = NUM_BYTES + task.num_steps
    codes = number + jnp.arange(NUM_PIXELS, dtype=jnp.int32)
    ramp = NUM_BYTES + jnp.arange(task.num_steps, dtype=jnp.int32)
    shown = task.extend(task.steps(codes), ramp)
    values = scale_pixels(jnp.arange(NUM_BYTES, dtype=jnp.uint8), task.gain)
    table = (*values.tolist(), *task.ramp.tolist())
    return ByteEncoding(table, tuple(map(tuple, shown.tolist())))


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
