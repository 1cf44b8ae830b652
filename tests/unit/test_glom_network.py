"""The columns of GLOM: every option changes what it should and nothing else."""

import functools
from dataclasses import replace

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from latticework.cells.consensus import Consensus, LambdaAttention
from latticework.cells.front_end import FrontEnd
from latticework.cells.level_nets import LevelNets
from latticework.kernels.glom import XlaDelta
from latticework.models.glom import Glom
from latticework.schedules.settling import Settling, Snapshots
from support.close import FEW_ROUNDINGS, SUMS, close_to_largest, largest_error

SEED = np.uint32(5)
PLAIN = Settling(num_steps=4, snapshots=Snapshots(()), noise=0.0)
NETS = LevelNets(3, 4, dropout=0.0, scale=0.5)
NETWORK = Glom(4, 6, nets=NETS, front=FrontEnd(2), settling=PLAIN, kernel="xla")
PIXELS = jax.random.uniform(jax.random.key(3), (2, 24, 4), jnp.float32)
PARAMS = NETWORK.init(jax.random.key(0))


def with_rule(**changes) -> Glom:
    return replace(NETWORK, settling=replace(PLAIN, **changes))


@functools.cache
def compiled(network: Glom, names: tuple, values: tuple):
    options = dict(zip(names, values, strict=True))

    def run(image, seed, state):
        return network.settle(PARAMS, image, seed, state=state, **options)

    return jax.jit(run)


def settle(network: Glom, *, image=None, seed=SEED, state=None, **options):
    """Settle, compiled once for every network and choice of options."""
    image = network.see(PIXELS) if image is None else image
    return compiled(network, tuple(options), tuple(options.values()))(image, seed, state)


def test_all_states_end_in_the_state():
    settled = settle(NETWORK, all_states=True)
    assert settled.states.shape == (4, 3, 4, 2, 4, 6)
    np.testing.assert_array_equal(settled.states[-1], settled.state)
    np.testing.assert_array_equal(settle(NETWORK).state, settled.state)


def test_settling_goes_on_from_a_state():
    half = settle(NETWORK, num_steps=2).state
    whole = settle(NETWORK, num_steps=2, state=half).state
    close_to_largest(whole, settle(NETWORK).state, FEW_ROUNDINGS)


def test_any_size_and_any_batch():
    alone = settle(NETWORK, image=NETWORK.see(PIXELS[:1])).state
    assert alone.shape == (3, 4, 1, 4, 6)
    still = with_rule(initial_scale=0.0)
    together = settle(still).state
    first = settle(still, image=still.see(PIXELS[:1])).state
    close_to_largest(together[:, :, :1], first, FEW_ROUNDINGS)


def test_the_bottom_level_is_the_image_when_it_is_fed_again():
    image = NETWORK.see(PIXELS)
    grown = replace(NETWORK, settling=replace(PLAIN, snapshots=Snapshots()))
    assert float(jnp.max(jnp.abs(settle(grown).state[0] - image.bottom))) > 0.1
    fed = replace(grown, settling=replace(grown.settling, refeed=True, snapshots=Snapshots(())))
    np.testing.assert_array_equal(settle(fed).state[0], image.bottom)


def test_noise_only_while_learning():
    noisy = with_rule(noise=0.1)
    np.testing.assert_array_equal(settle(noisy).state, settle(NETWORK).state)
    assert float(jnp.max(jnp.abs(settle(noisy, learning=True).state - settle(NETWORK).state))) > 0


def test_an_average_stays_bounded():
    network = with_rule(update="average", num_steps=60)
    assert float(jnp.max(jnp.abs(settle(network).state[1:]))) <= 4 * NETS.scale * 3
    summed = with_rule(num_steps=60)
    assert float(jnp.max(jnp.abs(settle(summed).state[1:]))) > 4 * NETS.scale * 3


def test_the_average_by_hand():
    network = with_rule(update="average", num_steps=1)
    image = network.see(PIXELS)
    begin = network.start(image, jnp.asarray(SEED))
    said = network._delta(PARAMS, begin, None)
    expected = jnp.concatenate(
        [begin[:1], (begin[1:2] + said[1:2]) / 4, (begin[2:] + said[2:]) / 3]
    )
    close_to_largest(settle(network).state, expected, FEW_ROUNDINGS)


def test_sites_that_do_not_fire_keep_what_they_had():
    network = with_rule(fire_rate=0.5, num_steps=1)
    image = network.see(PIXELS)
    begin = network.start(image, jnp.asarray(SEED))
    settled = settle(network, learning=True).state
    moved = np.asarray(jnp.any(settled != begin, axis=(0, 1)))
    assert 0.2 < moved.mean() < 0.8
    assert np.asarray(jnp.any(settle(network).state[1:] != begin[1:], axis=(0, 1))).all()


def test_dead_sites_never_change():
    pixels = PIXELS.at[:, 12:].set(0.0).at[:, :6].set(0.0)
    network = with_rule(alive_above=0.01)
    image = network.see(pixels)
    lives = np.asarray(image.alive)
    assert lives[:, :3].all() and not lives[:, 3:].any()
    begin = network.start(image, jnp.asarray(SEED))
    state = settle(network, image=image).state
    changed = np.asarray(jnp.any(state[1:] != begin[1:], axis=(0, 1)))
    assert np.array_equal(changed, lives)


def test_the_number_of_steps_is_drawn_while_learning():
    network = with_rule(min_steps=1)
    image = network.see(PIXELS)
    whole = settle(network, all_states=True).states
    begin, ends = network.start(image, jnp.asarray(SEED)), set()
    for seed in range(12):
        state = settle(network, seed=np.uint32(seed), state=begin, learning=True).state
        gaps = [largest_error(state, one) for one in whole]
        ends.add(int(np.argmin(gaps)))
        assert min(gaps) < FEW_ROUNDINGS
    assert len(ends) >= 3, "several lengths occur"


def test_consensus_and_attention_change_the_state_and_compose():
    states = [
        settle(network).state
        for network in (
            NETWORK,
            replace(NETWORK, consensus=Consensus()),
            replace(NETWORK, attention=LambdaAttention(gain=0.1)),
            replace(
                NETWORK,
                consensus=Consensus(),
                attention=LambdaAttention(gain=0.1),
                settling=replace(PLAIN, update="average", refeed=True, snapshots=Snapshots((2,))),
            ),
        )
    ]
    for n, one in enumerate(states):
        assert bool(jnp.all(jnp.isfinite(one)))
        assert all(float(jnp.max(jnp.abs(one - other))) > 1e-4 for other in states[:n])


def test_consensus_brings_columns_together():
    def scatter(network):
        return float(jnp.std(settle(network).state[-1], axis=(-2, -1)).mean())

    strong = replace(NETWORK, consensus=Consensus(beta=0.0, radius=9.0, rate=0.9))
    assert scatter(strong) < 0.5 * scatter(NETWORK)


@pytest.mark.parametrize("min_steps", [None, pytest.param(1, marks=pytest.mark.all)])
def test_steps_written_out_are_the_steps_of_the_loop(monkeypatch, min_steps):
    network = with_rule(snapshots=Snapshots((1, 2)), noise=0.1, min_steps=min_steps)
    dropping = replace(network, nets=replace(NETS, dropout=0.25))
    found = {}
    for written_out in (False, True):
        monkeypatch.setattr(XlaDelta, "is_one_call", written_out)

        def end(params):
            settled = dropping.settle(
                params, network.see(PIXELS), SEED, learning=True, all_states=True
            )
            return jnp.sum(settled.state**2), settled

        gradient = jax.grad(end, has_aux=True)
        found[written_out] = jax.jit(gradient)(PARAMS)
        assert str(jax.make_jaxpr(gradient)(PARAMS)).count("scan[") == (0 if written_out else 2)
    close_to_largest(found[True], found[False], SUMS)


def test_a_state_of_another_shape_is_an_error():
    image = NETWORK.see(PIXELS)
    with pytest.raises(ValueError, match=r"the state has shape .* expected \(3, 4, 2, 4, 6\)"):
        NETWORK.settle(PARAMS, image, SEED, state=jnp.zeros((3, 4, 1, 4, 6)))
    with pytest.raises(ValueError, match="there are 0 x 4 columns"):
        replace(NETWORK, rows=0, cols=4)
