"""Fixed point, in traces and in parameters, and mismatched devices."""

import dataclasses

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest
from hypothesis import given
from hypothesis import strategies as st

from latticework.core.fixed_point import FixedPoint
from latticework.models import LeakyLearner, Mismatch, grid, tree
from latticework.rules import Bptt, HopTrace
from latticework.train import OptimiserConfig, build
from support.close import FEW_ROUNDINGS, close_to_largest


@given(
    st.integers(2, 16),
    st.sampled_from([0.25, 1.0, 8.0]),
    st.lists(st.floats(-20, 20, width=32), min_size=1, max_size=8),
)
def test_stored_numbers_are_codes_near_the_values(bits, limit, values):
    storage = FixedPoint(bits, limit)
    values = np.asarray(values, np.float32)
    stored = np.asarray(storage.store(jnp.asarray(values)))
    codes = stored / np.float32(storage.step)
    assert np.array_equal(codes, np.round(codes))
    assert codes.min() >= -(2 ** (bits - 1)) and codes.max() <= 2 ** (bits - 1) - 1
    inside = (values >= -limit) & (values <= limit - storage.step)
    assert np.all(np.abs(stored - values)[inside] <= storage.step / 2)
    assert np.array_equal(np.asarray(storage.store(jnp.asarray(stored))), stored)


def test_rounding_at_random_keeps_the_mean():
    storage = FixedPoint(4, 1.0, "stochastic")
    values = jnp.full((20000,), 0.3, jnp.float32)
    stored = np.asarray(storage.store(values, jax.random.key(0)))
    assert set(np.round(stored, 6)) == {0.25, 0.375}
    assert abs(stored.mean() - 0.3) < 5 * stored.std() / np.sqrt(stored.size)
    with pytest.raises(ValueError, match="needs a random key"):
        storage.store(values)


def test_no_bits_means_no_rounding():
    values = jnp.asarray([0.1234567, 100.0], jnp.float32)
    assert np.array_equal(FixedPoint().store(values), values)


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"bits": 1}, "bits is 1, expected 2 to 22"),
        ({"bits": 23}, "bits is 23"),
        ({"bits": 8, "limit": 3.0}, "limit is 3.0, expected a power of two"),
        ({"bits": 8, "rounding": "up"}, "rounding is 'up'"),
    ],
)
def test_bad_storage_is_refused(change, sentence):
    with pytest.raises(ValueError, match=sentence):
        FixedPoint(**change)


def _params(seeds=2):
    rng = np.random.default_rng(3)
    return {
        "log_tau": jnp.asarray(rng.uniform(-8, -4, (seeds, 5)), jnp.float32),
        "weight": jnp.asarray(rng.normal(size=(seeds, 5, 2)), jnp.float32),
    }


@pytest.mark.parametrize("rounding", ["nearest", "stochastic"])
def test_parameters_stay_on_their_grid(rounding):
    config = OptimiserConfig(
        learning_rate=0.05,
        storage=FixedPoint(8, 4.0, rounding),
        storage_limits=(("log_tau", 16.0),),
    )
    params = _params()
    transform = build(config, 10, params)
    state = transform.init(params)
    for _ in range(3):
        change, state = transform.update(jax.tree.map(jnp.sign, params), state, params)
        params = optax.apply_updates(params, change)
        for name, limit in (("weight", 4.0), ("log_tau", 16.0)):
            codes = np.asarray(params[name]) / (2 * limit / 256)
            assert np.array_equal(codes, np.round(codes)), name
            assert np.abs(codes).max() <= 128


def test_steps_below_half_a_unit_are_lost_to_nearest_but_not_at_random():
    def moved(rounding: str) -> float:
        storage = FixedPoint(6, 4.0, rounding)
        config = OptimiserConfig("sgd", learning_rate=0.01, storage=storage)
        params = {"weight": jnp.zeros((1, 400), jnp.float32)}
        transform = build(config, 40, params)
        state = transform.init(params)
        for _ in range(40):
            down = jax.tree.map(jnp.ones_like, params)
            change, state = transform.update(down, state, params)
            params = optax.apply_updates(params, change)
        return float(params["weight"].mean())

    assert moved("nearest") == 0.0
    assert moved("stochastic") == pytest.approx(-0.4, abs=0.05)


def test_seeds_round_with_numbers_of_their_own():
    config = OptimiserConfig("sgd", storage=FixedPoint(4, 4.0, "stochastic"))
    params = {"weight": jnp.asarray([[0.1] * 50, [0.1] * 49 + [0.2]], jnp.float32)}
    params["weight"] = params["weight"].at[1, 0].set(0.11)
    transform = build(config, 10, params)
    change, _ = transform.update(params, transform.init(params), params)
    new = np.asarray(params["weight"] + change["weight"])
    assert not np.array_equal(new[0, 1:49], new[1, 1:49])


def test_a_mismatched_network_is_the_network_of_its_devices():
    mismatch = Mismatch(gain=0.2, time_constant=0.3, seed=4)
    network = tree(4, 2)
    ideal = LeakyLearner(network, HopTrace(1))
    real = dataclasses.replace(ideal, mismatch=mismatch)
    params = ideal.init([0, 1])
    devices = mismatch.apply(params)
    rng = np.random.default_rng(0)
    inputs = jnp.asarray(rng.random((2, 3, 5, 4)), jnp.float32)
    targets = jnp.zeros((2, 3), jnp.int32)
    keys = jax.random.split(jax.random.key(0), 2)
    assert not np.array_equal(devices["log_tau"][0], devices["log_tau"][1])
    assert np.array_equal(real.scores(params, inputs[0]), ideal.scores(devices, inputs[0]))
    got = real.updates(params, inputs, targets, keys)
    expected = ideal.updates(devices, inputs, targets, keys)
    for name in params:
        assert np.array_equal(got.direction[name], expected.direction[name])
    assert not np.array_equal(
        got.direction["weight"], ideal.updates(params, inputs, targets, keys).direction["weight"]
    )


def test_gain_mismatch_is_per_cell_and_ideal_changes_nothing():
    params = LeakyLearner(grid(3, 2), Bptt()).init([0])
    assert Mismatch().apply(params) is params
    ratio = Mismatch(gain=0.5).apply(params)["weight"] / params["weight"]
    close_to_largest(ratio[..., 0], ratio[..., 1], FEW_ROUNDINGS)
    with pytest.raises(ValueError, match=r"gain is -0\.1"):
        Mismatch(gain=-0.1)
