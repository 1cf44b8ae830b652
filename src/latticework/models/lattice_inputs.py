"""How an image enters a lattice: written into its first face, as it is or embedded."""

import abc
import math
from dataclasses import dataclass

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from latticework.core.checks import require
from latticework.core.lattice import AbstractLattice
from latticework.core.registry import Registry

InputParams = dict[str, Array]


class AbstractLatticeInput(abc.ABC):
    """Replaces some cells of the learned initial state by an example."""

    @abc.abstractmethod
    def check(self, lattice: AbstractLattice) -> None:
        """Raise ValueError unless the input fits the lattice."""

    @property
    @abc.abstractmethod
    def image_shape(self) -> tuple[int, ...]:
        """Shape of one example."""

    @property
    def num_pixels(self) -> int:
        """Numbers in one example."""
        return math.prod(self.image_shape)

    @abc.abstractmethod
    def scaled(self, images: Array) -> Array:
        """Images as the network means them: less the mean, over the standard deviation."""

    @abc.abstractmethod
    def init(self, key: Array) -> InputParams:
        """Draw the input's own parameters, float32; there may be none."""

    @abc.abstractmethod
    def write(
        self, params: InputParams, state: Float[Array, "*cells"], image: Array
    ) -> Float[Array, "*cells"]:
        """`state` with the image in it."""


@dataclass(frozen=True)
class ImageFace(AbstractLatticeInput):
    """Cell (offset + row, offset + column, 0) becomes (pixel - mean) / sd.

    Args:
        height, width: of the image, in pixels.
        offset: cells left free above and to the left.
        mean, sd: of the pixels.

    Raises:
        ValueError: an argument is out of range, or (from `check`) the image does not fit.
    """

    height: int = 28
    width: int = 28
    offset: int = 2
    mean: float = 0.0
    sd: float = 1.0

    def __post_init__(self) -> None:
        require(
            min(self.height, self.width) >= 1 and self.offset >= 0,
            f"an image of {self.height} x {self.width} at offset {self.offset} cannot be written; "
            "expected sides from 1 up and an offset from 0 up",
        )
        _check_scale(self.mean, self.sd)

    def check(self, lattice: AbstractLattice) -> None:
        """Raise ValueError unless the image fits on the first face."""
        shape = lattice.shape
        require(
            len(shape) == 3
            and self.offset + self.height <= shape[0]
            and self.offset + self.width <= shape[1],
            f"an image of {self.height} x {self.width} pixels at offset {self.offset} does not fit "
            f"on the first face of a lattice of {shape}; expected three axes and at least "
            f"{self.offset + self.height} x {self.offset + self.width} cells",
        )

    @property
    def image_shape(self) -> tuple[int, ...]:
        """`(height, width)`."""
        return (self.height, self.width)

    def scaled(self, images: Array) -> Array:
        """`(pixel - mean) / sd`."""
        return (images - self.mean) / self.sd

    def init(self, key: Array) -> InputParams:
        """Nothing is learned."""
        del key
        return {}

    def write(
        self, params: InputParams, state: Float[Array, "*cells"], image: Float[Array, "row col"]
    ) -> Float[Array, "*cells"]:
        """The image in the first face."""
        del params
        rows = slice(self.offset, self.offset + self.height)
        cols = slice(self.offset, self.offset + self.width)
        return state.at[rows, cols, 0].set(self.scaled(image))


@dataclass(frozen=True)
class PatchFaces(AbstractLatticeInput):
    """A linear embedding of square patches, one channel per slab at the first face.

        state[row, col, c] = bias[c] + sum over the patch at (row, col) of weight[c] image

    Parameters: `weight` `[channel, colour, patch, patch]` and `bias` `[channel]`, both uniform in
    `+-1/sqrt(colours patch^2)`.

    Args:
        side: of the square image, in pixels.
        patch: side of a patch, which must divide it.
        channels: slabs that are written.
        colours: colours of the image, which comes as `[colour, row, col]`.
        mean, sd: of the pixels, one number per colour, or one for all.

    Raises:
        ValueError: an argument is out of range, or (from `check`) does not fit the lattice.
    """

    side: int = 256
    patch: int = 4
    channels: int = 8
    colours: int = 3
    mean: tuple[float, ...] = (0.0,)
    sd: tuple[float, ...] = (1.0,)

    def __post_init__(self) -> None:
        require(
            min(self.side, self.patch, self.channels, self.colours) >= 1,
            f"{self.channels} channels from patches of {self.patch} in an image of side "
            f"{self.side} with {self.colours} colours: all must be at least 1",
        )
        require(
            self.side % self.patch == 0,
            f"patches of {self.patch} pixels do not fill an image of side {self.side}; "
            "choose a divisor",
        )
        for name in ("mean", "sd"):
            values = tuple(getattr(self, name))
            object.__setattr__(self, name, values)
            require(
                len(values) in (1, self.colours),
                f"{name} has {len(values)} numbers, expected one, or {self.colours}, one per "
                "colour",
            )
        for mean, sd in zip(self.mean * self.colours, self.sd * self.colours, strict=False):
            _check_scale(mean, sd)

    def check(self, lattice: AbstractLattice) -> None:
        """Raise ValueError unless there is one cell per patch on a face, and enough slabs."""
        faces = self.side // self.patch
        require(
            len(lattice.shape) == 3
            and lattice.shape[:2] == (faces, faces)
            and self.channels <= lattice.shape[2],
            f"{faces} x {faces} patches in {self.channels} channels do not fit a lattice of "
            f"{lattice.shape}; expected ({faces}, {faces}, {self.channels} or more)",
        )

    @property
    def image_shape(self) -> tuple[int, ...]:
        """`(colours, side, side)`."""
        return (self.colours, self.side, self.side)

    def scaled(self, images: Array) -> Array:
        """`(pixel - mean) / sd`, colour by colour."""
        mean, sd = (
            jnp.asarray(np.array(values), images.dtype)[:, None, None]
            for values in (self.mean, self.sd)
        )
        return (images - mean) / sd

    def init(self, key: Array) -> InputParams:
        """Draw the embedding."""
        limit = 1 / math.sqrt(self.colours * self.patch**2)
        weight_key, bias_key = jax.random.split(key)
        shape = (self.channels, self.colours, self.patch, self.patch)
        return {
            "weight": jax.random.uniform(weight_key, shape, jnp.float32, -limit, limit),
            "bias": jax.random.uniform(bias_key, shape[:1], jnp.float32, -limit, limit),
        }

    def write(
        self, params: InputParams, state: Float[Array, "*cells"], image: Array
    ) -> Float[Array, "*cells"]:
        """The embedded patches in the first slabs."""
        faces = self.side // self.patch
        patches = self.scaled(image).reshape(self.colours, faces, self.patch, faces, self.patch)
        embedded = (
            jnp.einsum("crxsy,ocxy->rso", patches, params["weight"]) + params["bias"][None, None]
        )
        return state.at[:, :, : self.channels].set(embedded)


def _check_scale(mean: float, sd: float) -> None:
    require(
        math.isfinite(mean) and math.isfinite(sd) and sd > 0,
        f"pixels of mean {mean} and sd {sd} cannot be scaled; expected finite numbers, sd above 0",
    )


LATTICE_INPUTS: Registry[AbstractLatticeInput] = Registry(
    "image", {"image_face": ImageFace, "patch_faces": PatchFaces}
)
"""How images enter, by name."""
