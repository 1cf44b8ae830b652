"""Many training steps in one compiled call."""

import functools
from collections.abc import Callable
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
import optax
from jax import lax
from jaxtyping import Array, PyTree

from latticework.core.examples import AbstractExamples, Place
from latticework.core.learner import AbstractLearner, FusedSteps, Params
from latticework.core.validation import check_inputs
from latticework.train.optimisers import OptimiserConfig
from latticework.train.order import step_keys
from latticework.train.parallel import CUT, SAME, Team

Encode = Callable[[Array], Array]
NEVER = -1
"""`bad_step` of a seed whose numbers are all finite."""
_FUSED_BLOCKS = 256


class LoopState(NamedTuple):
    """What a step changes; every leaf has a leading seed axis.

    Args:
        params: the learner's parameters.
        optimiser: the optimiser's state.
        loss_sum: float32 `[seed]`, this epoch's sum of the batch means of the loss.
        correct_sum: float32 `[seed]`, likewise of the fraction of right predictions.
        bad_step: int32 `[seed]`, the step of the whole run at which a number of this seed was not
            finite, or `NEVER`. From then on the seed keeps what it had before that step.
        memory: what the learner carries from batch to batch; mostly nothing.
    """

    params: Params
    optimiser: optax.OptState
    loss_sum: Array
    correct_sum: Array
    bad_step: Array
    memory: PyTree = ()


class EpochData(NamedTuple):
    """What a step reads.

    Args:
        inputs: raw inputs of all examples, as stored (or `AbstractExamples`, outside of `jit`).
        targets: int32 classes.
        order: int32 `[seed, example]`, this epoch's order.
        noise: `[seed]`, keys of the noise in the learning path.
        first_step: int32, number of steps in the epochs before.
    """

    inputs: Array
    targets: Array
    order: Array
    noise: Array
    first_step: Array


class Stepper(NamedTuple):
    """How a run takes its steps.

    Args:
        run: `(state, data, start, stop)` to the state after steps `start..stop-1` of the epoch. The
            state given is used up.
        block: number of steps that `run` must be given at a time, or None for any number.
    """

    run: Callable[[LoopState, EpochData, int, int], LoopState]
    block: int | None


def initial_state(
    params: Params, transform: optax.GradientTransformation, memory: PyTree = ()
) -> LoopState:
    """The state before the first step; all is copied, since a step uses it up."""
    params, memory = jax.tree.map(lambda leaf: jnp.array(leaf, copy=True), (params, memory))
    seeds = jax.tree.leaves(params)[0].shape[0]
    bad_step = jnp.full(seeds, NEVER, jnp.int32)
    return new_epoch(
        LoopState(params, transform.init(params), bad_step, bad_step, bad_step, memory)
    )


def new_epoch(state: LoopState) -> LoopState:
    """`state` with its running sums at zero."""
    seeds = state.bad_step.shape[0]
    return state._replace(
        loss_sum=jnp.zeros(seeds, jnp.float32), correct_sum=jnp.zeros(seeds, jnp.float32)
    )


def make_stepper(
    learner: AbstractLearner,
    encode: Encode,
    optimiser: OptimiserConfig,
    transform: optax.GradientTransformation,
    batch_size: int,
    steps_per_epoch: int,
    team: Team,
    *,
    is_streamed: bool = False,
) -> Stepper:
    """The learner's own compiled loop if it offers one for this optimiser, else the general one.

    With `is_streamed` the inputs of `EpochData` are `AbstractExamples`, read step by step.
    """
    if is_streamed:
        general = _general(learner, encode, transform, team.part(batch_size), team, is_cut=True)
        return Stepper(_streamed(general, batch_size, team), None)
    fused = learner.fused_steps(optimiser, batch_size)
    if fused is None:
        return Stepper(_general(learner, encode, transform, batch_size, team), None)
    # A fused call adds up its own loss, so blocks of fixed length keep the sum's rounding, too,
    # independent of the clock.
    return Stepper(_fused(fused), -(-steps_per_epoch // _FUSED_BLOCKS))


def _general(
    learner: AbstractLearner,
    encode: Encode,
    transform: optax.GradientTransformation,
    batch_size: int,
    team: Team,
    *,
    is_cut: bool = False,
) -> Callable[[LoopState, EpochData, int, int], LoopState]:
    """Steps as a loop with bounds that are data, so that one compilation serves all lengths.

    With `is_cut` each device is given its own examples, `batch_size` of them for each step.
    """
    part = batch_size if is_cut else team.part(batch_size)

    def one(state: LoopState, data: EpochData, step: Array) -> LoopState:
        first = step * batch_size
        if part != batch_size:
            first = first + team.number() * part
        index = lax.dynamic_slice_in_dim(data.order, first, part, axis=1)
        inputs = encode(data.inputs.at[index].get(mode="promise_in_bounds"))
        targets = data.targets.at[index].get(mode="promise_in_bounds")
        at = data.first_step + step
        update, memory = learner.learn(
            state.params, state.memory, inputs, targets, team.keys(step_keys(data.noise, at))
        )
        update = team.mean(update)
        direction = _cast_like(update.direction, state.params)
        change, optimiser = transform.update(direction, state.optimiser, state.params)
        params = jax.tree.map(jnp.add, state.params, _cast_like(change, state.params))
        new = LoopState(
            params,
            optimiser,
            state.loss_sum + update.loss.astype(jnp.float32),
            state.correct_sum + update.correct.astype(jnp.float32),
            state.bad_step,
            memory,
        )
        return keep_finite(state, new, is_finite((direction, new)), at)

    def run(state: LoopState, data: EpochData, start: Array, stop: Array) -> LoopState:
        def go_on(carry: tuple[Array, LoopState]) -> Array:
            return (carry[0] < stop) & jnp.any(carry[1].bad_step == NEVER)

        def body(carry: tuple[Array, LoopState]) -> tuple[Array, LoopState]:
            step, state = carry
            return step + 1, one(state, data, step)

        return lax.while_loop(go_on, body, (start, state))[1]

    examples = CUT if is_cut else SAME
    specs = EpochData._make((examples, examples, SAME, SAME, SAME))
    compiled = jax.jit(team.on_each(run, SAME, specs, SAME, SAME), donate_argnums=0)

    def placed(state: LoopState, data: EpochData, start: int, stop: int) -> LoopState:
        return compiled(team.place(state), data, np.int32(start), np.int32(stop))

    return placed


def _streamed(
    run: Callable[[LoopState, EpochData, int, int], LoopState], batch_size: int, team: Team
) -> Callable[[LoopState, EpochData, int, int], LoopState]:
    """Steps whose inputs are read just before; each is one call of the compiled loop.

    A process reads what its own devices learn from.
    """
    part = team.part(batch_size)
    parts = [range(number * part, (number + 1) * part) for number in team.own]

    def steps(state: LoopState, data: EpochData, start: int, stop: int) -> LoopState:
        order, first = np.asarray(data.order), int(data.first_step)
        targets = np.asarray(data.targets)
        seeds = order.shape[0]
        size = len(parts) * seeds * part
        places = [
            Place(first + step, seed, slot, int(order[seed, step * batch_size + slot]))
            for step in range(start, stop)
            for slots in parts
            for seed in range(seeds)
            for slot in slots
        ]
        now = team.place(jnp.arange(seeds * part, dtype=jnp.int32).reshape(seeds, part))
        examples: AbstractExamples = data.inputs  # pyright: ignore[reportAssignmentType]
        for number, inputs in enumerate(examples.batches(places, size)):
            chosen = [place.example for place in places[number * size : (number + 1) * size]]
            check_inputs(inputs, f"the inputs of step {first + start + number}")
            at = jnp.asarray(first + start + number, jnp.int32)
            batch = EpochData(
                inputs=team.cut(inputs),
                targets=team.cut(targets[chosen]),
                order=now,
                noise=data.noise,
                first_step=team.place(at),
            )
            state = run(state, batch, 0, 1)
        return state

    return steps


def _fused(fused: FusedSteps) -> Callable[[LoopState, EpochData, int, int], LoopState]:
    """Steps by a learner's own loop; a block that ends badly is replayed step by step."""

    @jax.jit
    def block(state: LoopState, data: EpochData, start: Array, stop: Array) -> LoopState:
        params, loss, correct = fused(
            state.params, data.inputs, data.targets, data.order, start, stop
        )
        new = LoopState(
            params,
            state.optimiser,
            state.loss_sum + loss.astype(jnp.float32),
            state.correct_sum + correct.astype(jnp.float32),
            state.bad_step,
            state.memory,
        )
        return keep_finite(state, new, is_finite(new), data.first_step + start)

    def run(state: LoopState, data: EpochData, start: int, stop: int) -> LoopState:
        new = block(state, data, np.int32(start), np.int32(stop))
        if stop - start < 2 or np.array_equal(new.bad_step, state.bad_step):
            return new
        for step in range(start, stop):
            state = block(state, data, np.int32(step), np.int32(step + 1))
        return state

    return run


def keep_finite(old: LoopState, new: LoopState, finite: Array, step: Array) -> LoopState:
    """`new` for the seeds that are well, `old` for the others, with the step written down."""
    well = old.bad_step == NEVER
    taken = well & finite

    def choose(after: Array, before: Array) -> Array:
        return jnp.where(taken.reshape((-1,) + (1,) * (after.ndim - 1)), after, before)

    kept = jax.tree.map(choose, new, old)
    return kept._replace(bad_step=jnp.where(well & ~finite, step, old.bad_step))


def is_finite(tree: PyTree) -> Array:
    """`[seed]`: whether every float of `tree` that belongs to the seed is finite."""
    by_dtype: dict[jnp.dtype, list[Array]] = {}
    for leaf in jax.tree.leaves(tree):
        if jnp.issubdtype(leaf.dtype, jnp.inexact):
            by_dtype.setdefault(leaf.dtype, []).append(leaf.reshape(leaf.shape[0], -1))
    # One reduction over all leaves: many small ones would cost more than a small network's step.
    flags = [
        jnp.isfinite(jnp.concatenate(leaves, axis=1)).all(axis=1) for leaves in by_dtype.values()
    ]
    return functools.reduce(jnp.logical_and, flags)


def _cast_like(tree: PyTree, like: PyTree) -> PyTree:
    """`tree` in the dtypes of `like`."""
    return jax.tree.map(lambda leaf, wanted: leaf.astype(wanted.dtype), tree, like)
