"""What GLOM may be taught beside one image at a time: denoising, persistence, evolution."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Bool, Float, Int

from latticework.core.checks import require


@dataclass(frozen=True)
class Denoising:
    """Show a damaged image and ask for the whole one.

    While learning, each column is blinded (its bottom vector is 0, the mean pixel) with the
    probability `hide`, and `noise (2 u - 1)` is added to the others. A linear map of the level
    above the bottom, `decode`, must give the undamaged bottom; `weight` times the mean squared
    error is added to the loss. D^2 + D more parameters.

    Args:
        weight: of the error; 0 for no denoising and no such parameters.
        hide: share of blinded columns.
        noise: size of the noise, in units of the normalised pixels.

    Reference: G. Hinton, arXiv:2102.12627 (training GLOM as a denoising autoencoder).
    """

    weight: float = 0.0
    hide: float = 0.25
    noise: float = 0.0

    def __post_init__(self) -> None:
        require(self.weight >= 0, f"weight is {self.weight}, expected 0 or more")
        require(0 <= self.hide < 1, f"hide is {self.hide}, expected a share in [0, 1)")

    @property
    def is_used(self) -> bool:
        """Whether there is any."""
        return self.weight > 0

    def damage(self, bottom: Float[Array, "channel batch row col"], key: Array) -> Array:
        """The bottom level as it is shown."""
        hide_key, noise_key = jax.random.split(key)
        seen = jax.random.uniform(hide_key, bottom.shape[1:], jnp.float32) >= self.hide
        noise = jax.random.uniform(noise_key, bottom.shape, bottom.dtype, -1, 1)
        return seen[None].astype(bottom.dtype) * (
            bottom + jnp.asarray(self.noise, bottom.dtype) * noise
        )

    def error(self, params: dict[str, Array], state: Array, bottom: Array) -> Array:
        """Mean squared error of the decoded bottom, per image `[batch]`."""
        decoded = jnp.tensordot(params["decode"], state[1], axes=1)
        decoded = decoded + params["decode_bias"][:, None, None, None]
        return jnp.mean(jnp.square(decoded - bottom), axis=(0, 2, 3))


class Pool(NamedTuple):
    """Columns that were left where they had settled, `size` of them.

    Args:
        state: `[level, channel, size, row, col]`.
        pixels: `[size, site, pixel]`, what they were looking at.
        targets: int32 `[size]`.
        filled: `[size]`, whether there is anything yet.
    """

    state: Array
    pixels: Array
    targets: Array
    filled: Array


class Lesson(NamedTuple):
    """One batch of persistence training.

    Args:
        pixels: `[batch, site, pixel]`, what is shown.
        targets: int32 `[batch]`.
        is_fresh: `[batch]`, which begin anew.
        is_damaged: `[batch, row, col]`, sites whose vectors begin anew.
        state: `[level, channel, batch, row, col]`, where the others go on from.
        start: the first slot of the pool that was taken.
    """

    pixels: Array
    targets: Array
    is_fresh: Bool[Array, " batch"]
    is_damaged: Bool[Array, "batch row col"]
    state: Array
    start: Int[Array, ""]


@dataclass(frozen=True)
class Persistence:
    """Go on from where earlier batches were left, so that an answer is held and can be revised.

    A pool of columns is kept. Of each batch a share begins anew on new images; another share keeps
    its vectors and is shown another image; another is damaged, its vectors in a disc beginning
    anew; the rest just goes on looking. The pool then holds where they came to rest.

    Args:
        pool_size: columns in the pool, a multiple of the batch size; 0 for none.
        fresh: share of the batch that begins anew.
        mutated: share that is shown another image.
        damaged: share with a damaged disc, of a quarter of the image's side in radius.

    Reference: A. Mordvintsev et al., Growing Neural Cellular Automata (2020); E. Randazzo et al.,
    Self-classifying MNIST Digits (2020).
    """

    pool_size: int = 0
    fresh: float = 0.25
    mutated: float = 0.25
    damaged: float = 0.25

    def __post_init__(self) -> None:
        require(self.pool_size >= 0, f"pool_size is {self.pool_size}, expected 0 or more")
        shares = (self.fresh, self.mutated, self.damaged)
        require(
            min(shares) >= 0 and sum(shares) <= 1 and self.fresh > 0,
            f"the shares fresh, mutated and damaged are {shares}; they must be 0 or more, fresh "
            "above 0, and add up to no more than 1",
        )

    @property
    def is_used(self) -> bool:
        """Whether there is a pool."""
        return self.pool_size > 0

    def init(self, state_shape: tuple[int, int, int, int], pixels: tuple[int, int]) -> Pool:
        """An empty pool for states `(level, channel, row, col)` and images `(site, pixel)`."""
        levels, channels, rows, cols = state_shape
        return Pool(
            jnp.zeros((levels, channels, self.pool_size, rows, cols), jnp.float32),
            jnp.zeros((self.pool_size, *pixels), jnp.float32),
            jnp.zeros(self.pool_size, jnp.int32),
            jnp.zeros(self.pool_size, bool),
        )

    def draw(self, pool: Pool, pixels: Array, targets: Array, key: Array) -> Lesson:
        """What a batch of new images becomes.

        Raises:
            ValueError: the pool is no multiple of the batch.
        """
        batch = len(targets)
        require(
            self.pool_size % batch == 0,
            f"pool_size is {self.pool_size}, expected a multiple of the batch size, {batch}",
        )
        slot_key, role_key, centre_key = jax.random.split(key, 3)
        block = jax.random.randint(slot_key, (), 0, self.pool_size // batch, dtype=jnp.int32)
        start = block * np.int32(batch)

        def take(values: Array, axis: int = 0) -> Array:
            return jax.lax.dynamic_slice_in_dim(values, start, batch, axis)

        role = jax.random.uniform(role_key, (batch,), jnp.float32)
        fresh = (role < self.fresh) | ~take(pool.filled)
        renewed = fresh | (role < self.fresh + self.mutated)
        damaged = ~renewed & (role < self.fresh + self.mutated + self.damaged)
        disc = self._disc(centre_key, batch, *pool.state.shape[-2:])
        return Lesson(
            jnp.where(renewed[:, None, None], pixels, take(pool.pixels).astype(pixels.dtype)),
            jnp.where(renewed, targets.astype(jnp.int32), take(pool.targets)),
            fresh,
            disc & damaged[:, None, None],
            take(pool.state, 2).astype(pixels.dtype),
            start,
        )

    def put(self, pool: Pool, lesson: Lesson, state: Array) -> Pool:
        """The pool after the batch."""

        def at(values: Array, new: Array, axis: int = 0) -> Array:
            return jax.lax.dynamic_update_slice_in_dim(
                values, new.astype(values.dtype), lesson.start, axis
            )

        return Pool(
            at(pool.state, state, 2),
            at(pool.pixels, lesson.pixels),
            at(pool.targets, lesson.targets),
            at(pool.filled, jnp.ones(len(lesson.targets), bool)),
        )

    def _disc(self, key: Array, batch: int, rows: int, cols: int) -> Bool[Array, "batch row col"]:
        """A disc per image, its centre anywhere."""
        centre = jax.random.uniform(key, (batch, 2), jnp.float32)
        row = jnp.arange(rows, dtype=jnp.float32)[None, :, None] - rows * centre[:, :1, None]
        col = jnp.arange(cols, dtype=jnp.float32)[None, None] - cols * centre[:, 1:, None]
        return jnp.square(row) + jnp.square(col) <= np.float32((min(rows, cols) / 4) ** 2)


@dataclass(frozen=True)
class Evolution:
    """A population around the parameters, whose losses tell a direction beside the gradient.

        g = (1 - share) gradient + share / pairs sum_n (L(p + sigma e_n) - L(p - sigma e_n)) e_n
                                                         / (2 sigma),      e_n ~ N(0, 1)

    Args:
        pairs: mirrored pairs of individuals, all run at once; 0 for none.
        sigma: size of a mutation.
        share: of the population's direction.

    Reference: T. Salimans et al., arXiv:1703.03864.
    """

    pairs: int = 0
    sigma: float = 0.01
    share: float = 0.5

    def __post_init__(self) -> None:
        require(self.pairs >= 0, f"pairs is {self.pairs}, expected 0 or more")
        require(self.sigma > 0, f"sigma is {self.sigma}, expected a positive number")
        require(0 <= self.share <= 1, f"share is {self.share}, expected a number in [0, 1]")

    def combine(
        self,
        loss: Callable[[dict[str, Array]], Array],
        params: dict[str, Array],
        gradient: dict[str, Array],
        key: Array,
    ) -> dict[str, Array]:
        """The direction to descend along."""
        if self.pairs == 0:
            return gradient
        names = sorted(params)
        keys = dict(zip(names, jax.random.split(key, len(names)), strict=True))
        drawn = {
            name: jax.random.normal(keys[name], (self.pairs, *p.shape), p.dtype)
            for name, p in params.items()
        }

        def difference(mutation: dict[str, Array]) -> Array:
            def at(sign: float) -> Array:
                return loss(
                    {
                        n: p + np.asarray(sign * self.sigma, p.dtype) * mutation[n]
                        for n, p in params.items()
                    }
                )

            return (at(1.0) - at(-1.0)) / np.asarray(2 * self.sigma, gradient[names[0]].dtype)

        slopes = jax.vmap(difference)(drawn)

        def mixed(own: Array, mutations: Array) -> Array:
            towards = jnp.tensordot(slopes, mutations, axes=1) / jnp.asarray(self.pairs, own.dtype)
            share = jnp.asarray(self.share, own.dtype)
            return (1 - share) * own + share * towards

        return {name: mixed(gradient[name], drawn[name]) for name in names}
