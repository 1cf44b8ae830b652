"""The parts of GLOM: random bits, snapshots, front end, nets, attention, consensus, readout."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from latticework.cells.consensus import Consensus, LambdaAttention, NoConsensus
from latticework.cells.front_end import FrontEnd
from latticework.cells.level_nets import LevelNets
from latticework.core.counter_bits import keep_factors, mix, uniform
from latticework.readouts.site_vote import SiteReadout, site_mean
from latticework.schedules.settling import Settling, Snapshots, alive
from latticework.topologies import torus

SEED = jnp.asarray(7, jnp.uint32)


def test_mix_is_a_bijection_with_spread_bits():
    words = np.asarray(mix(jnp.arange(1 << 16, dtype=jnp.uint32)))
    assert len(np.unique(words)) == 1 << 16
    flipped = np.asarray(mix(jnp.arange(1 << 16, dtype=jnp.uint32) ^ np.uint32(1))) ^ words
    assert abs(np.unpackbits(flipped.view(np.uint8)).mean() - 0.5) < 0.01


def test_uniform_draws():
    drawn = np.asarray(uniform(SEED, (100_000,), jnp.float32))
    assert drawn.min() >= 0 and drawn.max() < 1
    assert abs(drawn.mean() - 0.5) < 0.005
    assert abs(drawn.std() - 12**-0.5) < 0.005
    assert abs(np.corrcoef(drawn[:-1], drawn[1:])[0, 1]) < 0.01


@settings(max_examples=10)
@given(st.floats(0.01, 0.9), st.integers(1, 4))
def test_keep_factors(drop, rows):
    factors = np.asarray(keep_factors(SEED, rows, 4096, drop, jnp.float32))
    assert factors.shape == (rows, 4096)
    kept = factors > 0
    assert np.allclose(factors[kept], 1 / (1 - drop))
    assert abs(kept.mean() - (1 - drop)) < 0.05
    longer = np.asarray(keep_factors(SEED, rows + 1, 4096, drop, jnp.float32))
    assert np.array_equal(longer[:rows], factors)


@pytest.mark.parametrize(
    ("steps", "fires"),
    [
        (30, ([0, 15], [0, 7, 14, 21, 28], list(range(0, 30, 3)))),
        (16, ([0, 8], [0, 4, 8, 12], list(range(0, 16, 2)))),
        (8, ([0, 4], [0, 2, 4, 6], list(range(8)))),
    ],
)
def test_snapshots_fire_as_published(steps, fires):
    table = Snapshots().fires(steps)
    assert [np.flatnonzero(column).tolist() for column in table.T] == [list(f) for f in fires]


def test_short_runs_do_not_divide_by_zero():
    assert Snapshots().fires(3).tolist() == [[True] * 3] * 3


def test_gain_of_the_bottom_level_is_the_published_one():
    rule, state = Snapshots(), jnp.ones(())
    held, gains = rule.start(state), []
    for fires in jnp.asarray(rule.fires(30)):
        state, held = rule.apply(state, held, fires)
        gains.append(float(state))
    assert gains[:7] == pytest.approx([1.3] * 3 + [1.43] * 3 + [1.573])
    assert float(rule.finish(state, held)) == pytest.approx(5.304734866960002, rel=1e-12)


def test_parameters_are_counted_as_published():
    assert LevelNets().num_parameters == 9040
    assert LevelNets(2).num_parameters == 2 * 1130
    assert LevelNets(same_level=False).num_parameters == 5 * 1130
    assert LevelNets(coordinates=True).num_parameters == 9040 + 2 * 10 * 2
    kinds = [(net.kind, net.reads, net.writes) for net in LevelNets(3).nets]
    assert kinds == [
        ("bottom_up", 0, 1),
        ("bottom_up", 1, 2),
        ("same_level", 1, 1),
        ("same_level", 2, 2),
        ("top_down", 2, 1),
    ]


def test_the_first_layer_is_a_circular_convolution():
    """K[o, c, 1 - sy, 1 - sx] = W1[o, k D + c], says the specification."""
    nets = LevelNets(2, 3)
    params = {name: jnp.asarray(p, jnp.float64) for name, p in nets.init(SEED_KEY).items()}
    state = jax.random.normal(jax.random.key(1), (2, 3, 1, 5, 6))
    query = nets.activity(params, torus.neighbourhood(state)).query[0, :, 0]
    kernel = np.zeros((3, 3, 3, 3))
    for k, (sy, sx) in enumerate(torus.SHIFTS):
        kernel[:, :, 1 - sy, 1 - sx] = params["weight1"][0, :, 3 * k : 3 * k + 3]
    padded = np.pad(np.asarray(state[0, :, 0]), ((0, 0), (1, 1), (1, 1)), mode="wrap")
    windows = np.lib.stride_tricks.sliding_window_view(padded, (3, 3), (1, 2))
    expected = np.einsum("ochw,cijhw->oij", kernel, windows)
    np.testing.assert_allclose(
        query, np.tanh(expected + params["bias1"][0][:, None, None]), atol=1e-12
    )


SEED_KEY = jax.random.key(0)


def test_coordinates_make_sites_differ():
    nets = LevelNets(3, 4, coordinates=True)
    params = nets.init(SEED_KEY)
    inputs = torus.neighbourhood(jnp.ones((3, 4, 2, 5, 5), jnp.float32))
    assert float(jnp.std(nets.activity(params, inputs).value[:, 0, 0])) > 0
    flat = np.asarray(nets.activity(params, inputs).value)
    assert np.ptp(flat, axis=(-2, -1)).max() < 1e-6, "places weigh nothing at first"
    params["place"] = jnp.ones_like(params["place"])
    told = np.asarray(nets.activity(params, inputs).value)
    assert np.ptp(told[:-1], axis=(-2, -1)).max() < 1e-6
    assert np.ptp(told[-1], axis=(-2, -1)).min() > 0.01
    assert np.array_equal(told[:, :, 0], told[:, :, 1])


def test_front_end_replicates_a_pixel():
    pixels = jax.random.uniform(SEED_KEY, (2, 6, 1))
    bottom = FrontEnd()(pixels, 2, 3, 10)
    assert bottom.shape == (10, 2, 2, 3)
    expected = (np.asarray(pixels)[..., 0] - 0.1307) / 0.3081
    np.testing.assert_allclose(bottom, np.broadcast_to(expected.reshape(2, 2, 3), bottom.shape))


def test_front_end_takes_low_frequencies_first():
    front = FrontEnd(4, mean=0.0, deviation=1.0)
    np.testing.assert_allclose(front.basis @ front.basis.T * 16, np.eye(16), atol=1e-12)
    pixels = jnp.full((1, 1, 16), 0.25)
    bottom = np.asarray(front(pixels, 1, 1, 10))[:, 0, 0, 0]
    np.testing.assert_allclose(bottom, [0.25, *[0.0] * 9], atol=1e-12)


def test_front_end_says_what_does_not_fit():
    with pytest.raises(ValueError, match=r"images come as \(6, 4\).*expected \(49, 16\)"):
        FrontEnd(4)(jnp.zeros((1, 6, 4)), 7, 7, 10)


def test_consensus_is_a_mean_of_those_in_reach():
    state = jax.random.normal(SEED_KEY, (2, 3, 1, 4, 4))
    distance = torus.distance_squared(4, 4)
    none = Consensus(radius=0.0, radius_growth=0.0)(state, distance)
    np.testing.assert_allclose(none, state, atol=1e-12)
    everyone = Consensus(beta=0.0, radius=9.0)(state, distance)
    mean = jnp.broadcast_to(state.mean((-2, -1), keepdims=True), state.shape)
    np.testing.assert_allclose(everyone, mean, atol=1e-12)
    weights = Consensus(beta=2.0).weights(
        state.reshape(2, 3, 1, 16), Consensus().reach(2, distance)
    )
    np.testing.assert_allclose(weights.sum(-1), 1.0, atol=1e-12)
    neighbours = (np.asarray(weights) > 0).sum(-1)
    assert neighbours[0].max() == 9, "a radius of 1.5 is the 3 x 3 neighbourhood"
    assert neighbours[1].min() > 9, "higher levels reach further"
    assert NoConsensus()(state, distance) is state


def test_lambda_attention_is_constant_in_the_gradient():
    state = jax.random.normal(SEED_KEY, (3, 2, 1, 3, 3))
    attention = LambdaAttention()

    def total(scale):
        return jnp.sum(attention.attend(torus.neighbours(scale * state), scale * state))

    slope = jax.grad(total)(1.0)
    assert float(slope) == pytest.approx(float(total(1.0)), rel=1e-9), "linear, not cubic"


def test_votes_and_means():
    top = jnp.zeros((3, 1, 2, 2)).at[2, 0, 0].set(1.0).at[1, 0, 1, 0].set(3.0)
    every = jnp.ones((1, 2, 2), bool)
    assert SiteReadout().votes(top, every).tolist() == [[1, 1, 2]], "the first wins a tie"
    assert SiteReadout(verdict="mean").scores(top, every).tolist() == [[0.0, 0.75, 0.5]]
    some = every.at[0, 0].set(False)
    assert SiteReadout().votes(top, some).tolist() == [[1, 1, 0]]
    assert site_mean(top, jnp.zeros((1, 2, 2), bool)).tolist() == [[0.0]] * 3


def test_losses_by_hand():
    top = jnp.zeros((10, 2, 3, 3))
    targets, every = jnp.asarray([3, 4]), jnp.ones((2, 3, 3), bool)
    assert SiteReadout().losses(top, every, targets).tolist() == pytest.approx([0.1, 0.1])
    for loss in ("site_cross_entropy", "mean_cross_entropy"):
        losses = SiteReadout(loss=loss).losses(top, every, targets)
        assert losses.tolist() == pytest.approx([np.log(10)] * 2)
    both = SiteReadout(loss="mean_cross_entropy", site_weight=0.5).losses(top, every, targets)
    assert both.tolist() == pytest.approx([1.5 * np.log(10)] * 2)


def test_alive_sites_are_those_near_ink():
    ink = jnp.zeros((1, 5, 5)).at[0, 0, 0].set(0.5)
    lives = np.asarray(alive(ink, 0.1))[0]
    assert lives.sum() == 9 and lives[4, 4] and lives[1, 1] and not lives[2, 2]
    assert np.asarray(alive(ink, None)).all()


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda: LevelNets(1), "num_levels is 1"),
        (lambda: LevelNets(dropout=1.0), "dropout is 1.0"),
        (lambda: LevelNets(scale=0.0), "scale is 0.0"),
        (lambda: Settling(num_steps=0), "num_steps is 0"),
        (lambda: Settling(num_steps=5, min_steps=6), "min_steps is 6, expected .* 1 to num_steps"),
        (lambda: Settling(update="mean"), "update is 'mean', expected one of sum, average"),
        (lambda: Settling(fire_rate=0.0), "fire_rate is 0.0"),
        (lambda: Snapshots((0,)), r"divisors are \(0,\)"),
        (lambda: SiteReadout(loss="l1"), "loss is 'l1'"),
        (lambda: FrontEnd(0), "patch is 0"),
        (lambda: Consensus(radius=-1), "radius is -1"),
    ],
)
def test_errors_say_what_is_wrong(make, words):
    with pytest.raises(ValueError, match=words):
        make()
