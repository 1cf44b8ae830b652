"""Settling and learning: five steps, whole runs, three steps of Adam."""

from collections.abc import Iterator

import jax
import jax.numpy as jnp
import numpy as np
import optax
from jaxtyping import Array

from latticework.cells.level_nets import LevelNets, NetParams
from latticework.models.glom import Glom, Image, Settled
from latticework.readouts.site_vote import SiteReadout
from latticework.schedules.settling import Settling
from latticework.verify.archive import Archive
from latticework.verify.families import Context
from latticework.verify.glom.layout import (
    TOLERANCE,
    compare_array,
    compare_params,
    ours,
    stored_params,
    theirs,
)
from latticework.verify.outcomes import Check, compare, compare_equal

_SEED = np.uint32(0)
"""Nothing is drawn."""


def _network(shape: tuple[int, ...], num_steps: int) -> Glom:
    """The published network for states `[level, channel, batch, row, col]`, float64 by XLA."""
    levels, channels, _, rows, cols = shape
    nets = LevelNets(levels, channels)
    return Glom(rows, cols, nets=nets, settling=Settling(num_steps=num_steps), kernel="xla")


def _image(state: Array) -> Image:
    """What a state's bottom level shows."""
    return Image(state[0], jnp.ones(state.shape[2:], bool))


def _loss(settled: Settled, targets: Array) -> Array:
    """The published loss."""
    alive = jnp.ones(settled.state.shape[2:], bool)
    return jnp.mean(SiteReadout().losses(settled.state[-1], alive, targets))


def replay_steps(golden: Archive, context: Context) -> Iterator[Check]:
    """Every array of `steps5`."""
    del context
    state = ours(golden.array("state0"))
    targets = jnp.asarray(golden.array("targets"))
    network, num_steps = _network(state.shape, 30), len(golden.array("states"))
    params = stored_params(golden, network.nets)
    pixels = golden.array("pixels")
    shown = jnp.broadcast_to(jnp.asarray(pixels), state.shape[1:])
    yield compare("level 0 of state0", state[0], np.asarray(shown), TOLERANCE)
    delta = network._delta(params, state, None)
    yield compare_array(golden, "delta0", theirs(delta))

    def run(params: NetParams) -> tuple[Array, Settled]:
        settled = network.settle(
            params, _image(state), _SEED, state=state, num_steps=num_steps, all_states=True
        )
        return _loss(settled, targets), settled

    (loss, settled), gradient = jax.jit(jax.value_and_grad(run, has_aux=True))(params)
    yield compare_array(golden, "states", theirs(jnp.moveaxis(settled.states, 0, 2)))
    for number, snapshot in enumerate(settled.snapshots, start=1):
        yield compare_array(golden, f"snap{number}", theirs(snapshot))
    yield compare_array(golden, "final", theirs(settled.state))
    yield compare_array(golden, "loss", loss)
    yield from compare_params(golden, network.nets, "grad_", gradient)


def replay_full_runs(golden: Archive, context: Context) -> Iterator[Check]:
    """Every array of `full_runs`, which begin as `steps5` does."""
    del context
    numbers = sorted(int(n.split("_")[0][1:]) for n in golden.names() if n.endswith("_loss"))
    top = golden.shape(f"s{numbers[0]}_final_top")
    beside = golden.beside(
        "where its runs begin",
        *("state0", "targets", "bottom_up_0_W1"),
        fits=lambda other: (*other.shape("state0")[:3], *other.shape("state0")[4:]) == top,
    )
    state = ours(beside.array("state0"))
    targets = jnp.asarray(beside.array("targets"))
    for num_steps in numbers:
        network = _network(state.shape, num_steps)
        params = stored_params(beside, network.nets)

        def run(params: NetParams, network: Glom = network) -> tuple[Array, Settled]:
            settled = network.settle(params, _image(state), _SEED, state=state, all_states=True)
            return _loss(settled, targets), settled

        (loss, settled), gradient = jax.jit(jax.value_and_grad(run, has_aux=True))(params)
        yield from _run_checks(golden, f"s{num_steps}_", settled, loss)
        yield from compare_params(golden, network.nets, f"s{num_steps}_grad_", gradient)


def _run_checks(golden: Archive, prefix: str, settled: Settled, loss: Array) -> Iterator[Check]:
    """A whole run but for the gradient."""
    states = [] if settled.states is None else settled.states
    before = theirs(states[-1])[..., 1:, :]
    yield compare_array(golden, f"{prefix}before_final", before)
    final = theirs(settled.state)
    yield compare_array(golden, f"{prefix}final_top", final[..., -1, :])
    yield compare_array(golden, f"{prefix}final_level0_channel0", final[..., 0, 0])
    yield compare_array(golden, f"{prefix}loss", loss)
    votes = SiteReadout().votes(settled.state[-1], jnp.ones(settled.state.shape[2:], bool))
    yield compare_equal(f"{prefix}vote_counts", votes, golden.array(f"{prefix}vote_counts"))
    verdict = np.argmax(votes, axis=-1)
    yield compare_equal(f"{prefix}vote", verdict, golden.array(f"{prefix}vote"))


def replay_adam(golden: Archive, context: Context) -> Iterator[Check]:
    """Every array of `adam3`: three steps of learning with given noise, dropout off."""
    del context
    states = golden.array("state0")
    network = _network(ours(states[0]).shape, golden.count("steps"))
    params = stored_params(golden, network.nets, "p0_")
    yield compare(
        "level 0 of state0",
        states[..., 0, :],
        np.broadcast_to(golden.array("pixels")[..., None], states[..., 0, :].shape),
        TOLERANCE,
    )
    targets, noise = jnp.asarray(golden.array("targets")), golden.array("noise")
    adam = optax.adam(golden.number("lr"))

    def step(carry, now):
        params, memory = carry
        state, target, draws = now

        def run(params: NetParams) -> Array:
            settled = network.settle(params, _image(state), _SEED, state=state, noise=draws)
            return _loss(settled, target)

        loss, gradient = jax.value_and_grad(run)(params)
        with jax.numpy_dtype_promotion("standard"):
            change, memory = adam.update(gradient, memory)
        return (optax.apply_updates(params, change), memory), loss

    begin = (params, adam.init(params))
    draws = jnp.moveaxis(jnp.asarray(noise, states.dtype), (-2, -1), (2, 3))
    now = (jnp.stack([ours(state) for state in states]), targets, draws)
    (params, _), losses = jax.jit(lambda begin, now: jax.lax.scan(step, begin, now))(begin, now)
    yield compare_array(golden, "losses", losses)
    yield from compare_params(golden, network.nets, "p3_", params)
