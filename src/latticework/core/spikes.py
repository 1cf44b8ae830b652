"""Spike trains of one wave, as words: bit t of a train says whether the unit is on at step t."""

import jax.numpy as jnp
import numpy as np
from jax import lax
from jaxtyping import Array, Bool, Int, UInt32

from latticework.core.checks import require

MAX_WAVE_LENGTH = 32
"""A train is one 32-bit word."""

Trains = UInt32[Array, "... unit"]


def check_wave_length(wave_length: int) -> None:
    """Raise ValueError unless a wave may have so many steps."""
    require(
        isinstance(wave_length, int) and 2 <= wave_length <= MAX_WAVE_LENGTH,
        f"a wave of {wave_length} steps cannot be run; 2 to {MAX_WAVE_LENGTH} expected",
    )


def full_train(wave_length: int) -> int:
    """The train that is on at every step."""
    return (1 << wave_length) - 1


def thermometer(counts: Int[Array, "... unit"], wave_length: int) -> Trains:
    """Trains that are on for the last `counts` steps: the spike time is `wave_length - counts`.

    Args:
        counts: 0 (silent) to `wave_length`.
        wave_length: number of steps T.
    """
    counts = jnp.asarray(counts).astype(jnp.int32)
    start = jnp.clip(wave_length - counts, 0, MAX_WAVE_LENGTH - 1).astype(jnp.uint32)
    full = jnp.uint32(full_train(wave_length))
    on = lax.shift_left(jnp.broadcast_to(full, start.shape), start) & full
    return jnp.where(counts > 0, on, jnp.uint32(0))


def counts(trains: Trains) -> Int[Array, "... unit"]:
    """Number of steps that each unit is on."""
    return lax.population_count(trains).astype(jnp.int32)


def spike_times(trains: Trains, wave_length: int) -> Int[Array, "... unit"]:
    """First step that each unit is on; `wave_length` for a silent one."""
    lowest = trains & (~trains + jnp.uint32(1))
    first = MAX_WAVE_LENGTH - 1 - lax.clz(lowest).astype(jnp.int32)
    return jnp.where(trains == 0, jnp.int32(wave_length), first)


def delayed(trains: Trains, last: Trains, wave_length: int) -> Trains:
    """What a target sees: one step late, and at step 0 the last step of the wave before.

    Args:
        trains: of this wave.
        last: trains of the wave before; zeros where waves are separate.
        wave_length: number of steps T.
    """
    carried = lax.shift_right_logical(
        last, jnp.full(last.shape, wave_length - 1, jnp.uint32)
    ) & jnp.uint32(1)
    later = lax.shift_left(trains, jnp.ones(trains.shape, jnp.uint32))
    return (later & jnp.uint32(full_train(wave_length))) | carried


def frames(trains: Trains, wave_length: int) -> Bool[Array, "... step unit"]:
    """The trains step by step."""
    steps = jnp.arange(wave_length, dtype=jnp.uint32)[:, None]
    words = jnp.broadcast_to(
        trains[..., None, :], (*trains.shape[:-1], wave_length, trains.shape[-1])
    )
    return (
        lax.shift_right_logical(words, jnp.broadcast_to(steps, words.shape)) & jnp.uint32(1)
    ).astype(bool)


def from_frames(frames: np.ndarray) -> np.ndarray:
    """Trains from frames `[..., step, unit]`, any value but zero being on.

    Raises:
        ValueError: there are more steps than a wave may have.
    """
    check_wave_length(frames.shape[-2])
    bits = (np.asarray(frames) != 0).astype(np.uint32)
    weights = np.uint32(1) << np.arange(frames.shape[-2], dtype=np.uint32)
    return np.einsum("...tn,t->...n", bits, weights, dtype=np.uint32)
