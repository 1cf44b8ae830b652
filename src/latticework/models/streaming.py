"""Learning from an endless stream: one step at a time, with constant memory."""

import functools
from collections.abc import Callable
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
import optax
from jaxtyping import Array, Float

from latticework.core.cell import CellParams
from latticework.core.checks import require
from latticework.core.loss import error
from latticework.core.network import Network
from latticework.core.rule import AbstractOnlineRule, AbstractRule
from latticework.core.seeds import key_of, own_draws
from latticework.core.validation import check_inputs


class _StreamState(NamedTuple):
    params: CellParams
    optimiser: Any
    memory: Any
    direction: CellParams
    num_steps: Array
    key: Array


class StreamingLearner:
    """Trains a network on a stream of (channels, class), updating its parameters as it goes.

    Each step's loss is the cross entropy of that step's readout; the mean over `update_every`
    steps is descended. With parameters held still over T steps and `update_every = T` the update
    is that of `loss_mode="per_t"` on those T steps, exactly.

    Args:
        network: cell, topology, schedule, readout.
        rule: a rule that learns online (`hop_trace`, `rtrl`).
        optimiser: descends along the rule's direction.
        params: where to start; drawn from `seed` when not given.
        update_every: steps between updates.
        seed: draws the parameters and the noise of the learning path.

    Memory: the rule's traces, whatever the length of the stream.

    Raises:
        ValueError: for a rule that needs the whole sequence, or a wrong number of channels.
    """

    def __init__(
        self,
        network: Network,
        rule: AbstractRule,
        optimiser: optax.GradientTransformation,
        *,
        params: CellParams | None = None,
        update_every: int = 1,
        seed: int = 0,
    ) -> None:
        if not isinstance(rule, AbstractOnlineRule):
            raise ValueError(
                f"{type(rule).__name__} needs the whole sequence and cannot learn from a stream; "
                "use hop_trace or rtrl"
            )
        require(update_every >= 1, f"update_every is {update_every}, expected 1 or more")
        rule.check(network)
        self.network, self.rule, self.optimiser = network, rule, optimiser
        self.update_every = update_every
        self._advance = _compiled_step(network, rule, optimiser, update_every)
        key = key_of(seed)
        if params is None:
            with own_draws():
                params = network.init(key)
        self._state = _StreamState(
            params=params,
            optimiser=optimiser.init(params),
            memory=rule.init_memory(network, params),
            direction=jax.tree.map(jnp.zeros_like, params),
            num_steps=jnp.zeros((), jnp.int32),
            key=jax.random.fold_in(key, 1),
        )

    @property
    def params(self) -> CellParams:
        """The parameters as they are now."""
        return self._state.params

    def step(
        self, channels: Float[Array | np.ndarray, " channel"], target: int
    ) -> Float[Array, " class"]:
        """Take one step of the stream, learn from it, and return its readout.

        Raises:
            ValueError: another number of channels, one that is no finite number, or a class that
                does not exist.
        """
        expected = (self.network.wiring.num_channels,)
        require(
            jnp.shape(channels) == expected,
            f"one step of the stream has shape {jnp.shape(channels)}, expected {expected}",
        )
        given = np.asarray(channels)
        check_inputs(given, "channels")
        num_classes = self.network.wiring.num_classes
        require(
            np.ndim(target) == 0 and target in range(num_classes),
            f"target is {target}, expected a class in 0..{num_classes - 1}",
        )
        dtype = self._state.memory.state.dtype
        self._state, readout = self._advance(
            self._state, jnp.asarray(given, dtype), jnp.asarray(target)
        )
        return readout

    def reset(self) -> None:
        """Forget states and traces, as between two sequences; parameters stay."""
        memory = self.rule.init_memory(self.network, self._state.params)
        self._state = self._state._replace(memory=memory)


@functools.lru_cache(maxsize=16)
def _compiled_step(
    network: Network,
    rule: AbstractOnlineRule,
    optimiser: optax.GradientTransformation,
    update_every: int,
) -> Callable[[_StreamState, Array, Array], tuple[_StreamState, Array]]:
    """One step as a compiled function `(state, channels, target)` to the state and the readout.

    It knows no learner, so that equal learners share it and none is kept by it.
    """

    @own_draws()
    def advance(state: _StreamState, channels: Array, target: Array) -> tuple[_StreamState, Array]:
        key, noise_key = jax.random.split(state.key)
        now = rule.step(
            network,
            state.params,
            state.memory,
            channels,
            lambda readout: error(readout, target),
            noise_key,
        )
        direction = jax.tree.map(jnp.add, state.direction, now.direction)
        num_steps = state.num_steps + 1
        state = _StreamState(state.params, state.optimiser, now.memory, direction, num_steps, key)
        return jax.lax.cond(num_steps == update_every, update, lambda s: s, state), now.readout

    def update(state: _StreamState) -> _StreamState:
        mean = jax.tree.map(lambda d: d / update_every, state.direction)
        # optax mixes integer counts with floats, which strict promotion rules do not allow.
        with jax.numpy_dtype_promotion("standard"):
            changes, after = optimiser.update(mean, state.optimiser, state.params)
        return state._replace(
            params=optax.apply_updates(state.params, changes),
            optimiser=after,
            direction=jax.tree.map(jnp.zeros_like, mean),
            num_steps=jnp.zeros_like(state.num_steps),
        )

    return jax.jit(advance)
