"""An image row by row."""

from dataclasses import dataclass
from functools import lru_cache

import jax.numpy as jnp
import numpy as np
from jaxtyping import Array

from latticework.core.checks import require
from latticework.core.seeds import check_seed
from latticework.tasks.catalogue import SIDE
from latticework.tasks.image_task import AbstractImageTask, check_image_fields
from latticework.tasks.images import ImageSet


@dataclass(frozen=True)
class RowImage(AbstractImageTask):
    """Step t shows row t of the image, channel i its column i: 28 steps of 28 channels.

    With delays, channel `28 n + i` shows column i as it was `delays[n]` steps before, black before
    the first step. With a clock one more channel, the last, rises evenly from -gain at the first
    step to gain at the last: a sum over time forgets in which row something was seen, and a cell
    that also reads the clock does not. Nothing of this is learned.

    Args:
        dataset, gain, channels, projection_seed, fallback: see `AbstractImageTask`.
        delays: of the copies of the columns, in steps.
        clock: whether there is a clock.
        column_seed: shows the columns in another order, drawn once for all images; None: as they
            are.

    Raises:
        ValueError: an argument is out of range.

    Reference: grid-neurons, commit b7c349d (row-wise sequential MNIST, gain 10).
    """

    dataset: ImageSet = "mnist"
    gain: float = 10.0
    channels: int | None = None
    projection_seed: int = 0
    fallback: bool = True
    delays: tuple[int, ...] = (0,)
    clock: bool = False
    column_seed: int | None = None

    def __post_init__(self) -> None:
        require(
            len(self.delays) > 0 and all(0 <= delay < SIDE for delay in self.delays),
            f"delays are {self.delays}, expected one or more, each from 0 to {SIDE - 1} steps",
        )
        if self.column_seed is not None:
            check_seed("column_seed", self.column_seed)
        check_image_fields(self)

    @property
    def pixels_per_step(self) -> int:
        """One row."""
        return SIDE

    @property
    def shown_per_step(self) -> int:
        """A row for every delay, and the clock."""
        return SIDE * len(self.delays) + self.clock

    def arrange(self, pixels: Array) -> Array:
        """Row-major order, as stored; the columns in their order."""
        if self.column_seed is None:
            return pixels
        rows = pixels.reshape(*pixels.shape[:-1], SIDE, SIDE)
        return rows[..., column_order(self.column_seed)].reshape(pixels.shape)

    def extend(self, steps: Array, ramp: Array) -> Array:
        """Delayed copies and the clock."""
        lead = steps.shape[:-2]
        before = [(0, 0)] * len(lead)
        shown = [
            jnp.pad(steps, (*before, (delay, 0), (0, 0)))[..., :SIDE, :] for delay in self.delays
        ]
        if self.clock:
            shown.append(jnp.broadcast_to(ramp[:, None], (*lead, SIDE, 1)))
        return shown[0] if len(shown) == 1 else jnp.concatenate(shown, axis=-1)


@lru_cache(maxsize=16)
def column_order(seed: int) -> np.ndarray:
    """The order of the 28 columns for `seed`, read-only.

    From numpy's legacy generator, whose stream is frozen: the same on every version.
    """
    order = np.random.RandomState(seed).permutation(SIDE)
    order.setflags(write=False)
    return order
