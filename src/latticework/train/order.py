"""Random choices of a run, each a pure function of seed and position: the published draws."""

from collections.abc import Sequence

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array

from latticework.core.seeds import key_from, key_of

_ORDER_KEY, _NOISE_KEY, _SUBSET_KEY = 42, 7, 999
"""The published keys, which seed 0 gets; seed n gets key + n."""


def order_keys(seeds: Sequence[int]) -> Array:
    """The key that each seed's order of examples starts from: `key(42 + seed)`."""
    return jnp.stack([key_of(seed, _ORDER_KEY) for seed in seeds])


def noise_keys(seeds: Sequence[int]) -> Array:
    """The key of each seed's noise in the learning path: `key(7 + seed)`."""
    return jnp.stack([key_of(seed, _NOISE_KEY) for seed in seeds])


def step_keys(noise: Array, step: Array) -> Array:
    """A fresh key per seed for one step, from its position alone."""
    return jax.vmap(jax.random.fold_in, (0, None))(noise, step)


def epoch_order(keys: Array, num_examples: int) -> tuple[Array, Array]:
    """One epoch's order of examples, as published: `(key, k) = split(key)`, `permutation(k, n)`.

    Args:
        keys: `[seed]`, the order keys at the start of the epoch.
        num_examples: n.

    Returns:
        The keys for the next epoch, and the order, int32 `[seed, n]`.
    """

    def one(key: Array) -> tuple[Array, Array]:
        following, now = jax.random.split(key)
        # An explicit int32 range: the same draw, and the same memory, in 64-bit mode.
        return following, jax.random.permutation(now, jnp.arange(num_examples, dtype=jnp.int32))

    return jax.vmap(one)(keys)


def subset(epoch: int, num_examples: int, size: int) -> np.ndarray:
    """The test examples of one epoch, as published: `permutation(key(epoch + 999), n)[:size]`."""
    key = key_of(epoch, _SUBSET_KEY)
    order = jax.random.permutation(key, jnp.arange(num_examples, dtype=jnp.int32))
    return np.asarray(order[:size])


def key_data(keys: Array) -> Array:
    """Keys as plain integers, for a file."""
    return jax.random.key_data(keys)


def keys_of(data: np.ndarray) -> Array:
    """Keys back from plain integers."""
    return key_from(data)
