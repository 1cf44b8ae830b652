"""GLOM: columns of level vectors over an image that settle into agreement."""

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Bool, Float

from latticework.cells.consensus import (
    AbstractAttention,
    AbstractConsensus,
    NoAttention,
    NoConsensus,
)
from latticework.cells.front_end import FrontEnd
from latticework.cells.level_nets import LevelNets, NetParams
from latticework.core.checks import require
from latticework.core.counter_bits import mix, stream, uniform
from latticework.core.trees import stacked
from latticework.kernels.glom import AUTO, delta_kernel
from latticework.schedules.settling import Settling, alive
from latticework.topologies import torus

NOISE, DROPOUT, FIRE, START, LENGTH = range(5)
"""What a stream of random bits is for."""

MOST_WRITTEN_OUT = 40
"""Steps that are compiled one by one rather than as a loop, at the most."""


class Image(NamedTuple):
    """What columns are shown.

    Args:
        bottom: `[channel, batch, row, col]`, the bottom level.
        alive: `[batch, row, col]`, the sites that take part.
    """

    bottom: Float[Array, "channel batch row col"]
    alive: Bool[Array, "batch row col"]


class Settled(NamedTuple):
    """Where the columns came to rest.

    Args:
        state: `[level, channel, batch, row, col]`, after the last step.
        states: the states after each step, `[step, ...]`, before what is added at the end; None
            unless they were asked for.
        snapshots: what the snapshots hold.
    """

    state: Array
    states: Array | None
    snapshots: tuple[Array, ...]


@dataclass(frozen=True)
class Glom:
    """A lattice of columns, each a stack of level vectors, settled step by step.

    State `[level, channel, batch, row, col]`; level 0 is the image, the top level is read.

    Args:
        rows: rows of columns.
        cols: columns of columns.
        nets: what reads and writes the levels.
        front: how a patch becomes a bottom vector.
        settling: steps, update, snapshots, noise, masks.
        attention: weights the neighbours that the nets read.
        consensus: agreement within a level.
        kernel: code path of the nets: "auto", "native" or "xla".

    Raises:
        ValueError: parts that do not fit each other, or a kernel that does not apply.

    References: G. Hinton, arXiv:2102.12627; RedRyan111, github.com/RedRyan111/GLOM (2021).
    """

    rows: int = 28
    cols: int = 28
    nets: LevelNets = field(default_factory=LevelNets)
    front: FrontEnd = field(default_factory=FrontEnd)
    settling: Settling = field(default_factory=Settling)
    attention: AbstractAttention = field(default_factory=NoAttention)
    consensus: AbstractConsensus = field(default_factory=NoConsensus)
    kernel: str = AUTO

    def __post_init__(self) -> None:
        require(
            self.rows >= 1 and self.cols >= 1,
            f"there are {self.rows} x {self.cols} columns; rows and cols must be at least 1",
        )
        _ = self._delta

    @cached_property
    def _delta(self):
        return delta_kernel(self.nets, self.attention, self.kernel)

    @property
    def kernel_name(self) -> str:
        """Name of the code path in use."""
        return self._delta.name

    def init(self, key: Array) -> NetParams:
        """Draw parameters."""
        return self.nets.init(key)

    def see(self, pixels: Float[Array, "batch site pixel"]) -> Image:
        """An image, patch by patch, pixels 0..1, as the columns see it."""
        bottom = self.front(pixels, self.rows, self.cols, self.nets.vector_length)
        ink = self.front.ink(pixels, self.rows, self.cols)
        return Image(bottom, alive(ink, self.settling.alive_above))

    def start(self, image: Image, seed: Array) -> Array:
        """The state before the first step: the image, and small random vectors above it."""
        levels = self.nets.num_levels - 1
        bottom = image.bottom
        scale = jnp.asarray(self.settling.initial_scale, bottom.dtype)
        above = scale * uniform(stream_of(seed, START), (levels, *bottom.shape), bottom.dtype)
        return jnp.concatenate([bottom[None], above])

    def settle(
        self,
        params: NetParams,
        image: Image,
        seed: Array | np.uint32,
        *,
        state: Array | None = None,
        learning: bool = False,
        dropout: bool | None = None,
        num_steps: int | None = None,
        all_states: bool = False,
        noise: Array | None = None,
    ) -> Settled:
        """Settle on an image, from `start` or from where another image was left.

        Args:
            params: of the nets.
            image: what to settle on.
            seed: uint32 scalar; draws the start, and what is random while learning.
            state: where to begin; a video goes on from the frame before.
            learning: whether noise, dropout and masks are on, and the number of steps is drawn.
            dropout: dropout without the rest (the published program leaves it on when testing).
            num_steps: in place of `settling.num_steps`, which still decides when snapshots fire.
            all_states: keep the state after every step.
            noise: draws `[step, *state]` from [0, 1) in place of our own, for replays.

        Memory: one state per step for the gradient; nets are computed again on the way back.
        """
        rule = self.settling
        seed = jnp.asarray(seed, jnp.uint32)
        count = rule.num_steps if num_steps is None else num_steps
        state = self.start(image, seed) if state is None else self._check(state, image)
        drop = learning if dropout is None else dropout
        fires = rule.snapshots.fires(rule.num_steps, count)
        last = self._last_step(seed, count) if learning else None

        def step(carry, now):
            state, held = carry
            t, fire, draws = now
            new = self._advance(params, state, image, stream(seed, t), learning, drop, draws)
            new, kept = rule.snapshots.apply(new, held, fire)
            if last is not None:
                going = t < last
                new = jnp.where(going, new, state)
                kept = tuple(jnp.where(going, k, h) for k, h in zip(kept, held, strict=True))
            return (new, kept), new if all_states else None

        steps = jnp.arange(1, count + 1, dtype=jnp.uint32)
        begin = (state, rule.snapshots.start(state))
        loop = _written_out if learning and self._may_write_out(count) else jax.lax.scan
        (last_state, held), states = loop(step, begin, (steps, fires, noise))
        return Settled(rule.snapshots.finish(last_state, held), states, held)

    def _may_write_out(self, count: int) -> bool:
        """Whether steps are compiled one by one.

        In a loop all snapshots are carried through every step, there and back: a fifth of the time
        of a training step as published. A step that is known costs only what it does.
        """
        has_snapshots = bool(self.settling.snapshots.divisors)
        return has_snapshots and self._delta.is_one_call and count <= MOST_WRITTEN_OUT

    def _advance(
        self,
        params: NetParams,
        state: Array,
        image: Image,
        seed: Array,
        learning: bool,
        drop: bool,
        draws: Array | None,
    ) -> Array:
        """One step but for the snapshots."""
        rule = self.settling
        said = self._delta(params, state, stream_of(seed, DROPOUT) if drop else None)
        if rule.update == "average":
            new = self._average(state, said)
        else:
            new = state + said
            if self.consensus.is_used:
                pull = self._consensus(state[1:]) - state[1:]
                new = new.at[1:].add(jnp.asarray(self.consensus.pull, state.dtype) * pull)
        if (learning and rule.noise > 0) or draws is not None:
            if draws is None:
                draws = uniform(stream_of(seed, NOISE), state.shape, state.dtype)
            new = new + jnp.asarray(rule.noise, state.dtype) * draws
        return self._masked(state, new, image, seed, learning)

    def _average(self, state: Array, said: Array) -> Array:
        """The mean of the previous vectors, what the nets say, and the consensus."""
        terms = 1 + self.nets.writers.sum(axis=1) + self.consensus.is_used
        total = state + said
        if self.consensus.is_used:
            total = total.at[1:].add(self._consensus(state[1:]))
        terms[0] = 1
        return total / jnp.asarray(terms, state.dtype).reshape(-1, 1, 1, 1, 1)

    def _consensus(self, above: Array) -> Array:
        """The consensus of the levels above the bottom."""
        return self.consensus(above, torus.distance_squared(self.rows, self.cols))

    def _masked(self, state: Array, new: Array, image: Image, seed: Array, learning: bool) -> Array:
        """`new` where a site is updated, `state` elsewhere; the bottom fed afresh if so wished."""
        rule = self.settling
        active = None
        if rule.alive_above is not None:
            active = image.alive
        if learning and rule.fire_rate < 1:
            drawn = uniform(stream_of(seed, FIRE), image.alive.shape, jnp.float32)
            fire = drawn < jnp.asarray(rule.fire_rate, jnp.float32)
            active = fire if active is None else fire & active
        if active is not None:
            new = jnp.where(active[None, None], new, state)
        return new.at[0].set(image.bottom) if rule.refeed else new

    def _last_step(self, seed: Array, count: int) -> Array | None:
        """The number of steps that are taken, drawn from min_steps..count; None for all."""
        low = self.settling.min_steps
        if low is None or low >= count:
            return None
        drawn = mix(stream_of(seed, LENGTH)) % np.uint32(count - low + 1)
        return drawn + np.uint32(low) + np.uint32(1)

    def _check(self, state: Array, image: Image) -> Array:
        """`state`, if it is one."""
        expected = (self.nets.num_levels, *image.bottom.shape)
        require(
            state.shape == expected,
            f"the state has shape {state.shape}, expected {expected} (level, channel, batch, row, "
            "column)",
        )
        return state if not self.settling.refeed else state.at[0].set(image.bottom)


def _written_out(step: Callable, carry: Any, items: Any) -> tuple[Any, Any]:
    """`jax.lax.scan`, each step by itself, so that what is known of it is known to the compiler."""
    results = []
    for n in range(len(items[0])):
        carry, result = step(carry, jax.tree.map(lambda item, n=n: item[n], items))
        results.append(result)
    return carry, stacked(results)


def stream_of(seed: Array, purpose: int) -> Array:
    """The seed of one purpose; steps count from 1, so that no stream is used twice."""
    return stream(mix(seed ^ np.uint32(0x5BD1E995)), jnp.asarray(purpose, jnp.uint32))
