"""What a column sees: the pixels of its patch as the vector of the bottom level."""

from dataclasses import dataclass
from functools import cached_property

import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from latticework.core.checks import require

MNIST_MEAN, MNIST_DEVIATION = 0.1307, 0.3081


@dataclass(frozen=True)
class FrontEnd:
    """Fixed and without parameters: normalise the pixels of a patch, and fill D channels.

    A pixel p in 0..1 becomes (p - mean) / deviation. A patch of one pixel is replicated over all
    channels, as published. A larger patch is described by its lowest spatial frequencies: the
    first D coefficients of the two-dimensional cosine transform (type II), by rising sum of the
    two frequencies, divided by the side of the patch so that the first is the mean; where a patch
    has fewer than D pixels they are repeated.

    Args:
        patch: side of a patch in pixels; 28 / patch columns along each side.
        mean: of the pixels of the training set.
        deviation: of the same.

    Raises:
        ValueError: a value is out of range.
    """

    patch: int = 1
    mean: float = MNIST_MEAN
    deviation: float = MNIST_DEVIATION

    def __post_init__(self) -> None:
        require(self.patch >= 1, f"patch is {self.patch}, expected 1 or more pixels")
        require(self.deviation > 0, f"deviation is {self.deviation}, expected a positive number")

    @cached_property
    def basis(self) -> np.ndarray:
        """`[coefficient, pixel]`, low frequencies first, all patch^2 of them."""
        side = self.patch
        at, frequency = np.arange(side) + 0.5, np.arange(side)[:, None]
        waves = np.cos(np.pi * at * frequency / side) * np.sqrt(2 / side)
        waves[0] /= np.sqrt(2)
        pairs = sorted(
            ((i, j) for i in range(side) for j in range(side)), key=lambda p: (sum(p), p)
        )
        return np.stack([np.outer(waves[i], waves[j]).ravel() for i, j in pairs]) / side

    def __call__(
        self, pixels: Float[Array, "batch site pixel"], rows: int, cols: int, channels: int
    ) -> Float[Array, "channel batch row col"]:
        """The bottom level of every column.

        Raises:
            ValueError: the pixels do not fill rows x cols patches.
        """
        expected = (rows * cols, self.patch**2)
        require(
            pixels.ndim == 3 and pixels.shape[1:] == expected,
            f"images come as {pixels.shape[1:]} (sites, pixels of a patch), expected {expected} "
            f"for {rows} x {cols} columns of {self.patch} x {self.patch} pixels",
        )
        normal = (pixels - jnp.asarray(self.mean, pixels.dtype)) / jnp.asarray(
            self.deviation, pixels.dtype
        )
        chosen = self.basis[np.arange(channels) % len(self.basis)]
        if self.patch == 1:
            found = jnp.broadcast_to(normal[..., 0], (channels, *normal.shape[:2]))
        else:
            found = jnp.einsum("cp,bsp->cbs", jnp.asarray(chosen, pixels.dtype), normal)
        return found.reshape(channels, len(pixels), rows, cols)

    def ink(
        self, pixels: Float[Array, "batch site pixel"], rows: int, cols: int
    ) -> Float[Array, "batch row col"]:
        """The brightest pixel of each patch, 0..1."""
        return jnp.max(pixels, axis=-1).reshape(-1, rows, cols)
