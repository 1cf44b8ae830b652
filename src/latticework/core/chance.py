"""Random numbers from counters: the same in every code path, whatever the order of the draws.

A draw is a hash of (key, moment, stream, index). The hash is the 32-bit finaliser of C. Wellons
("Prospecting for hash functions", 2018), applied in two rounds with two words of key.
"""

import jax.numpy as jnp
from jax import lax
from jaxtyping import Array, Float32, UInt32

_GOLDEN = 0x9E3779B9
_ODD = (0x85EBCA6B, 0xC2B2AE35)


def _shifted(word: Array, places: int) -> Array:
    return lax.shift_right_logical(word, jnp.full(jnp.shape(word), places, jnp.uint32))


def mix(word: UInt32[Array, "..."]) -> UInt32[Array, "..."]:
    """A bijection of 32-bit words in which every bit of the input moves half of the output."""
    word = (word ^ _shifted(word, 16)) * jnp.uint32(0x7FEB352D)
    word = (word ^ _shifted(word, 15)) * jnp.uint32(0x846CA68B)
    return word ^ _shifted(word, 16)


def stream_key(
    key: UInt32[Array, "2"], example: Array, moment: Array | int, stream: int
) -> tuple[Array, Array]:
    """The two words that all draws of one stream at one moment share.

    Args:
        key: of the seed.
        example: number of the example.
        moment: when, within the example.
        stream: what is drawn: a connection, a population.
    """
    example = jnp.asarray(example).astype(jnp.uint32)
    moment = jnp.asarray(moment).astype(jnp.uint32)
    first = mix(key[0] + example * jnp.uint32(_GOLDEN))
    first = mix(first ^ (moment * jnp.uint32(_ODD[0]) + jnp.uint32(stream) * jnp.uint32(_ODD[1])))
    return first, mix(first + key[1])


def words(stream: tuple[Array, Array], size: int) -> UInt32[Array, " size"]:
    """`size` independent words of a stream."""
    first, second = stream
    index = jnp.arange(size, dtype=jnp.uint32)
    word = mix(index * jnp.uint32(_GOLDEN) + first) ^ second
    word = (word ^ _shifted(word, 16)) * jnp.uint32(0x21F0AAAD)
    word = (word ^ _shifted(word, 15)) * jnp.uint32(0x735A2D97)
    return word ^ _shifted(word, 15)


def uniforms(stream: tuple[Array, Array], size: int) -> Float32[Array, " size"]:
    """`size` independent numbers from 0 up to, but without, 1; multiples of 2^-24."""
    return _shifted(words(stream, size), 8).astype(jnp.float32) * jnp.float32(2.0**-24)
