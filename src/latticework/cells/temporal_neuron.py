"""The temporal neuron: fires when its drive reaches a threshold, if it is among the winners."""

from collections.abc import Callable
from typing import NamedTuple

import jax.numpy as jnp
from jax import lax
from jaxtyping import Array, Bool, Float, UInt32

INDEX_BITS = 11
"""Priorities have room for the indices of 2,048 neurons."""

_NEVER = jnp.iinfo(jnp.uint32).max


def priorities(words: UInt32[Array, " neuron"] | None, size: int) -> UInt32[Array, " neuron"]:
    """Distinct numbers that decide ties, the lowest first.

    Args:
        words: random words; None for the order of the neurons.
        size: number of neurons.
    """
    index = jnp.arange(size, dtype=jnp.uint32)
    if words is None:
        return index
    draw = words & jnp.uint32(0xFFFF)
    return lax.shift_left(draw, jnp.full(draw.shape, INDEX_BITS, jnp.uint32)) | index


def first_crossings(
    drive: Float[Array, "step neuron"], threshold: float
) -> tuple[Array, Bool[Array, " neuron"]]:
    """First step at which the drive is at or above the threshold, and whether there is one."""
    above = drive >= jnp.asarray(threshold, drive.dtype)
    return jnp.argmax(above, axis=0).astype(jnp.int32), above.any(axis=0)


def earliest(
    drive: Float[Array, "step neuron"],
    threshold: float,
    winners: int | None,
    priority: UInt32[Array, " neuron"],
) -> tuple[Array, Bool[Array, " neuron"]]:
    """k winners take all: the `winners` earliest to cross fire, ties decided by priority.

    One search per wave: a neuron's place is its crossing step, then its priority.

    Returns:
        The firing step of each neuron, and whether it fires.
    """
    time, crosses = first_crossings(drive, threshold)
    size = drive.shape[1]
    if winners is None or winners >= size:
        return time, crosses
    bits = jnp.full(time.shape, 27, jnp.uint32)
    place = lax.shift_left(time.astype(jnp.uint32), bits) | priority
    place = jnp.where(crosses, place, jnp.uint32(_NEVER))
    cut = jnp.sort(place)[winners - 1]
    return time, crosses & (place <= cut)


class Latches(NamedTuple):
    """A column within a wave.

    Args:
        above: number of steps that each neuron's drive has been at or above the threshold.
        time: step at which each neuron was latched; the length of the wave while it is not.
        fires: whether it is latched.
    """

    above: Array
    time: Array
    fires: Array


def slipping(
    drive: Float[Array, "step neuron"],
    threshold: float,
    winners: int,
    priority_at: Callable[[Array], Array],
) -> tuple[Array, Bool[Array, " neuron"]]:
    """k winners take all as published, step by step, index slip included.

    Candidates are found as positions in the list of neurons that are not latched yet, and the
    neurons that have those positions *as indices* are latched. As long as none is latched the two
    agree; afterwards the wrong neurons are, and a true candidate may be retried for many steps.

    Args:
        drive: `[step, neuron]`.
        threshold: inclusive.
        winners: k, fewer than there are neurons.
        priority_at: step to the priorities that decide its ties, the lowest first.
    """
    num_steps, size = drive.shape

    def step(state: Latches, now: tuple[Array, Array]) -> tuple[Latches, None]:
        at, drive = now
        above = state.above + (drive >= jnp.asarray(threshold, drive.dtype)).astype(jnp.int32)
        room = winners - jnp.sum(state.fires, dtype=jnp.int32)
        most = jnp.max(jnp.where(state.fires, 0, above))
        candidate = ~state.fires & (above == most) & (most > 0)
        number = jnp.sum(candidate, dtype=jnp.int32)

        def lowest(candidate: Array) -> Array:
            place = jnp.where(candidate, priority_at(at), jnp.uint32(_NEVER))
            cut = jnp.sort(place)[jnp.maximum(room, 1) - 1]
            return candidate & (place <= cut) & (room > 0)

        chosen = lax.cond(number > room, lowest, lambda candidate: candidate, candidate)
        position = jnp.cumsum(~state.fires, dtype=jnp.int32) - 1
        slipped = jnp.where(chosen, position, size)
        hit = jnp.zeros(size, bool).at[slipped].set(True, mode="drop")
        fresh = hit & ~state.fires
        return Latches(above, jnp.where(fresh, at, state.time), state.fires | hit), None

    start = Latches(
        jnp.zeros(size, jnp.int32), jnp.full(size, num_steps, jnp.int32), jnp.zeros(size, bool)
    )
    end, _ = lax.scan(step, start, (jnp.arange(num_steps, dtype=jnp.int32), drive))
    return end.time, end.fires
