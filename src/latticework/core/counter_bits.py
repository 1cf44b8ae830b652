"""Random bits that are a function of a seed and a position, so that no mask is ever stored."""

import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, UInt32

GOLDEN_RATIO = np.uint32(0x9E3779B9)
_HALF = 1 << 16


def mix(word: UInt32[Array, "..."]) -> UInt32[Array, "..."]:
    """A bijection of 32 bits in which every input bit moves about half of the output bits.

        x ^= x >> 16;  x *= 0x7feb352d;  x ^= x >> 15;  x *= 0x846ca68b;  x ^= x >> 16

    Two multiplications per word: an order of magnitude below threefry, which would take most of
    the time of a network that draws a mask for every connection.

    Reference: C. Wellons, hash-prospector ("lowbias32"), public domain.
    """
    word = (word ^ (word >> np.uint32(16))) * np.uint32(0x7FEB352D)
    word = (word ^ (word >> np.uint32(15))) * np.uint32(0x846CA68B)
    return word ^ (word >> np.uint32(16))


def stream(seed: UInt32[Array, ""], number: UInt32[Array, "..."]) -> UInt32[Array, "..."]:
    """The seed of stream `number`: `mix(seed + number * GOLDEN_RATIO)`, modulo 2^32."""
    return mix(seed + number * GOLDEN_RATIO)


def counter_bits(
    seeds: UInt32[Array, "row"], sites: UInt32[Array, "site"]
) -> UInt32[Array, "row site"]:
    """One word per row and site, `mix(seeds[row] + sites[site] * GOLDEN_RATIO)`."""
    return mix(seeds[:, None] + (sites * GOLDEN_RATIO)[None])


def keep_threshold(drop: float) -> int:
    """Halves of a word below this are dropped: the probability, in units of 2^-16."""
    return round(drop * _HALF)


def keep_factors(
    seed: UInt32[Array, ""], num_rows: int, num_sites: int, drop: float, dtype
) -> Array:
    """Factors of inverted dropout, 0 or 1 / (1 - drop), `[row, site]`.

    Row k takes the low (k even) or high (k odd) half of word k // 2 of its site. The probability
    is rounded to a multiple of 2^-16.
    """
    rows = jnp.arange((num_rows + 1) // 2, dtype=jnp.uint32)
    sites = jnp.arange(num_sites, dtype=jnp.uint32)
    words = counter_bits(stream(seed, rows), sites)
    halves = jnp.stack([words & np.uint32(_HALF - 1), words >> np.uint32(16)], axis=1)
    halves = halves.reshape(-1, num_sites)[:num_rows]
    kept = halves >= np.uint32(keep_threshold(drop))
    return jnp.where(kept, jnp.asarray(1 / (1 - drop), dtype), jnp.asarray(0, dtype))


def uniform(seed: UInt32[Array, ""], shape: tuple[int, ...], dtype) -> Array:
    """Draws from [0, 1), a multiple of 2^-24, one word each."""
    sites = jnp.arange(int(np.prod(shape)), dtype=jnp.uint32)
    words = counter_bits(stream(seed, jnp.zeros((1,), jnp.uint32)), sites)[0]
    return ((words >> np.uint32(8)).astype(dtype) * jnp.asarray(2.0**-24, dtype)).reshape(shape)
