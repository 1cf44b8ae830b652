"""How pixels become spike trains: one train per pixel and wave."""

import abc
import functools
import math
from dataclasses import dataclass

import jax
import jax.numpy as jnp
import numpy as np
from jax import lax
from jaxtyping import Array, Num, UInt32

from latticework.core import chance
from latticework.core.checks import require
from latticework.core.registry import Registry
from latticework.core.spikes import check_wave_length, full_train, thermometer

LEVELS = 256
"""Pixels are whole numbers below this."""


class AbstractSpikeCode(abc.ABC):
    """Pixels 0..255 of one example as trains; an example that is all zero has no spike."""

    @abc.abstractmethod
    def encode(
        self,
        pixels: Num[Array, "*example wave channel"],
        wave_length: int,
        key: UInt32[Array, "2"],
    ) -> UInt32[Array, "*example wave channel"]:
        """Trains, bit t for step t.

        Args:
            pixels: whole numbers 0..255 in any type; brightness is relative to the example.
            wave_length: steps per wave.
            key: of the draws, for a code that has any.
        """


@dataclass(frozen=True)
class Ramp(AbstractSpikeCode):
    """On for the last `ceil(T p / M)` of T steps, M being the brightest pixel of the example.

    The published name is ramp-no-leak, though nothing ramps.

    Reference: project 18847-rTNN, commit 0db0f76.
    """

    def encode(self, pixels: Array, wave_length: int, key: Array) -> Array:
        """In whole numbers throughout."""
        del key
        check_wave_length(wave_length)
        return thermometer(ramp_counts(pixels, wave_length), wave_length)


def ramp_counts(pixels: Array, wave_length: int) -> Array:
    """`ceil(T p / M)`, int32; zero where M is."""
    whole = jnp.asarray(pixels).astype(jnp.int32)
    most = jnp.maximum(whole.max(axis=(-2, -1), keepdims=True), 1)
    return (whole * wave_length + most - 1) // most


@dataclass(frozen=True)
class RankOrder(AbstractSpikeCode):
    """One step per pixel: step q - 1 with `q = ceil(T m / p)`, m being the dimmest that is not 0.

    The dimmest pixels, q = T, stay silent.

    Reference: BindsNET, commit ebc8e44.
    """

    def encode(self, pixels: Array, wave_length: int, key: Array) -> Array:
        """In whole numbers throughout."""
        del key
        check_wave_length(wave_length)
        whole = jnp.asarray(pixels).astype(jnp.int32)
        lit = whole > 0
        least = jnp.min(jnp.where(lit, whole, LEVELS), axis=(-2, -1), keepdims=True)
        safe = jnp.maximum(whole, 1)
        place = (wave_length * least + safe - 1) // safe
        step = jnp.clip(place - 1, 0, wave_length - 1).astype(jnp.uint32)
        pulse = lax.shift_left(jnp.ones(whole.shape, jnp.uint32), step)
        return jnp.where(lit & (place < wave_length), pulse, jnp.uint32(0))


@dataclass(frozen=True)
class PoissonIntervals(AbstractSpikeCode):
    """Pulses whose distances are `max(1, Poisson(1000 / rate))` steps, rate = intensity p / 255.

    Brightness is absolute. Drawn step by step from the chance that an interval of at least n
    steps ends at n. An example has the same draws whenever it is shown under one key.

    Args:
        intensity: rate of the brightest possible pixel, per 1,000 steps.

    Reference: BindsNET, commit ebc8e44: Poisson-distributed intervals, not a Poisson process.
    """

    intensity: float = 128.0

    def __post_init__(self) -> None:
        require(
            0 < self.intensity < 1000,
            f"intensity is {self.intensity}, expected spikes per 1,000 steps, between 0 and 1000",
        )

    def encode(self, pixels: Array, wave_length: int, key: Array) -> Array:
        """One draw per pixel and step."""
        check_wave_length(wave_length)
        whole = jnp.asarray(pixels).astype(jnp.int32)
        shape = whole.shape
        flat = whole.reshape(-1, shape[-2] * shape[-1])
        table = jnp.asarray(_ends(self.intensity, wave_length))
        trains = jax.vmap(lambda one: _pulses(one, table, key))(flat)
        return trains.reshape(shape) & jnp.uint32(full_train(wave_length))


def _pulses(pixels: Array, table: Array, key: Array) -> Array:
    """Trains of the pixels of one example."""
    size, length = pixels.shape[0], table.shape[1]
    number = _checksum(pixels)

    def step(carry: tuple[Array, Array], at: Array):
        age, trains = carry
        chance_now = table.at[pixels, age].get(mode="promise_in_bounds")
        draws = chance.uniforms(chance.stream_key(key, number, at, 0), size)
        fires = draws < chance_now
        bit = lax.shift_left(fires.astype(jnp.uint32), jnp.broadcast_to(at, (size,)))
        return (jnp.where(fires, 0, jnp.minimum(age + 1, length - 1)), trains | bit), None

    start = (jnp.zeros(size, jnp.int32), jnp.zeros(size, jnp.uint32))
    (_, trains), _ = lax.scan(step, start, jnp.arange(length, dtype=jnp.uint32))
    return trains


def _checksum(pixels: Array) -> Array:
    """A word that tells examples apart."""
    place = jnp.arange(pixels.shape[0], dtype=jnp.uint32)
    hashed = chance.mix(place * jnp.uint32(LEVELS) + pixels.astype(jnp.uint32))
    return jnp.sum(hashed, dtype=jnp.uint32)


@functools.lru_cache(maxsize=16)
def _ends(intensity: float, wave_length: int) -> np.ndarray:
    """`[pixel, n - 1]`: chance that an interval of at least n steps has n, float32."""
    table = np.zeros((LEVELS, wave_length))
    for pixel in range(1, LEVELS):
        mean = 1000.0 * 255.0 / (intensity * pixel)
        steps = range(wave_length + 1)
        share = np.array([math.exp(n * math.log(mean) - mean - math.lgamma(n + 1)) for n in steps])
        share[1] += share[0]
        left = 1.0 - np.concatenate([[0.0], np.cumsum(share[1:-1])])
        table[pixel] = share[1:] / np.maximum(left, 1e-300)
    return np.clip(table, 0.0, 1.0).astype(np.float32)


CODES: Registry[AbstractSpikeCode] = Registry(
    "spike code", {"ramp": Ramp, "poisson": PoissonIntervals, "rank_order": RankOrder}
)
