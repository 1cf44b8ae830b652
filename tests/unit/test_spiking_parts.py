"""Trains, draws, codes and plasticity, one by one."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from latticework.core import chance, spikes
from latticework.rules import Stdp
from latticework.schedules import Wave, corrected
from latticework.tasks import CODES, PoissonIntervals, Ramp, RankOrder, WaveImage
from support.instances import instances

KEY = jnp.asarray([3, 4], jnp.uint32)


@pytest.mark.parametrize("length", [2, 16, 32])
def test_a_thermometer_is_on_to_the_end_of_the_wave(length):
    count = np.array([0, 1, 2, length // 2, length - 1, length])
    trains = spikes.thermometer(jnp.asarray(count), length)
    frames = np.asarray(spikes.frames(trains, length))
    np.testing.assert_array_equal(frames, np.arange(length)[:, None] >= length - count)
    np.testing.assert_array_equal(spikes.counts(trains), count)
    np.testing.assert_array_equal(spikes.spike_times(trains, length), length - count)
    np.testing.assert_array_equal(spikes.from_frames(frames), trains)


def test_targets_see_a_train_one_step_late_and_the_end_of_the_last_wave():
    trains, last = jnp.asarray([0b1000, 0b0110, 0]), jnp.asarray([0b0001, 0b1000, 0])
    seen = spikes.delayed(trains.astype(jnp.uint32), last.astype(jnp.uint32), 4)
    np.testing.assert_array_equal(seen, [0b0000, 0b1101, 0])


@pytest.mark.parametrize("length", [1, 33, 4.0])
def test_a_wave_has_2_to_32_steps(length):
    with pytest.raises(ValueError, match="2 to 32 expected"):
        Wave(length)


def test_draws_are_uniform_and_streams_are_apart():
    size = 20_000
    streams = [
        chance.stream_key(KEY, 0, 0, 0),
        chance.stream_key(KEY, 1, 0, 0),
        chance.stream_key(KEY, 0, 1, 0),
        chance.stream_key(KEY, 0, 0, 1),
        chance.stream_key(KEY[::-1], 0, 0, 0),
    ]
    draws = np.stack([chance.uniforms(stream, size) for stream in streams]).astype(np.float64)
    assert draws.min() >= 0 and draws.max() < 1
    counts = np.stack([np.histogram(row, 20, (0, 1))[0] for row in draws])
    # Chi-square with 19 degrees of freedom: 1 in 100,000 lies above 55.
    assert ((counts - size / 20) ** 2 / (size / 20)).sum(axis=1).max() < 55
    correlation = np.corrcoef(np.concatenate([draws, draws[:, ::-1]]))
    assert np.abs(correlation - np.eye(len(correlation))).max() < 4.5 / np.sqrt(size)
    neighbours = [np.corrcoef(row[:-1], row[1:])[0, 1] for row in draws]
    assert np.abs(neighbours).max() < 4.5 / np.sqrt(size)


@pytest.mark.parametrize("code", instances(CODES))
def test_an_empty_image_has_no_spike(code):
    trains = code.encode(jnp.zeros((2, 3, 5), jnp.float32), 16, KEY)
    assert trains.dtype == jnp.uint32 and trains.shape == (2, 3, 5)
    assert not trains.any()


@pytest.mark.parametrize("code", instances(CODES))
def test_codes_stay_within_the_wave_and_repeat(code):
    pixels = jnp.asarray(np.random.default_rng(0).integers(0, 256, (4, 7, 9)), jnp.float32)
    trains = code.encode(pixels, 8, KEY)
    assert int(trains.max()) < 1 << 8
    assert trains.any()
    np.testing.assert_array_equal(jax.jit(code.encode, static_argnums=1)(pixels, 8, KEY), trains)
    alone = code.encode(pixels[2], 8, KEY)
    np.testing.assert_array_equal(alone, trains[2])


def test_the_ramp_is_relative_to_the_brightest_pixel():
    trains = Ramp().encode(jnp.asarray([[0, 1, 50, 100]]), 16, KEY)
    np.testing.assert_array_equal(spikes.counts(trains), [[0, 1, 8, 16]])


def test_rank_order_leaves_the_dimmest_out():
    trains = RankOrder().encode(jnp.asarray([[0, 16, 20, 255]]), 16, KEY)
    np.testing.assert_array_equal(spikes.spike_times(trains, 16), [[16, 16, 12, 1]])


def test_poisson_draws_belong_to_key_and_image():
    pixels = jnp.asarray(np.random.default_rng(0).integers(1, 256, (2, 28, 28)))
    first = PoissonIntervals().encode(pixels, 16, KEY)
    other = PoissonIntervals().encode(pixels, 16, KEY + jnp.uint32(1))
    assert (np.asarray(first) != np.asarray(other)).any()
    with pytest.raises(ValueError, match="intensity is 1000"):
        PoissonIntervals(1000)


def test_waves_show_lines_of_the_centre():
    image = np.arange(784).reshape(28, 28).astype(np.uint8)
    shown = np.asarray(WaveImage(crop=8, lines=3, stride=2, polarity="on_off").encode(image))
    assert shown.shape == (3, 48)
    centre = image[10:18, 10:18].astype(np.float32)
    np.testing.assert_array_equal(shown[1, :24], centre[2:5].reshape(-1))
    np.testing.assert_array_equal(shown[1, 24:], 255 - centre[2:5].reshape(-1))
    with pytest.raises(ValueError, match="polarity is 'off'"):
        WaveImage(polarity="off")  # pyright: ignore[reportArgumentType]


CASES = {"capture": (5, 3, 1), "minus": (2, 3, -1), "search": (4, 0, 1), "backoff": (0, 3, -1)}


@pytest.mark.parametrize("case", CASES)
def test_each_case_has_its_chance_and_stabiliser(case):
    x, y, sign = CASES[case]
    rule = Stdp(20, 21, 3, 96, 4, 16)
    table = jnp.asarray([[0.0], [4.0], [12.0], [16.0]])
    direction, probability = rule.probabilities(table, jnp.full(4, x), jnp.asarray([y]))
    ratio = np.asarray(table)[:, 0] / 16
    distance = 1 - ratio if sign > 0 else ratio
    expected = getattr(rule, case) / 128 * (1 - distance**2 * (1 - 4 / 128))
    np.testing.assert_allclose(probability[:, 0], expected, rtol=1e-12)
    assert (np.asarray(direction) == sign).all()


def test_silence_on_both_sides_changes_nothing():
    start = jnp.asarray([[3.0]])
    moved = Stdp(128, 128, 128, 128, 128, 16).step(
        start, jnp.asarray([0]), jnp.asarray([0]), jnp.asarray([[0.0]])
    )
    np.testing.assert_array_equal(moved, start)


def test_causal_capture_asks_for_a_step_in_time():
    """An input that fires at step a drives its target at a + 1."""
    assert Wave().lag(False) == Wave().lag(True) == 0
    assert corrected().lag(False) == corrected().lag(True) == 1
    rule, lag = Stdp(128, 128, 0, 0, 128, 16), corrected(8).lag(False)
    for start, fires, wins in ((2, 3, True), (3, 3, False), (4, 3, False)):
        moved = rule.step(
            jnp.asarray([[5.0]]),
            jnp.asarray([8 - start]),
            jnp.asarray([8 - fires]),
            jnp.zeros((1, 1)),
            lag,
        )
        assert (float(moved[0, 0]) > 5) == wins


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"capture": -1}, "capture is -1, expected a probability in 1/128"),
        ({"backoff": 129}, "backoff is 129"),
        ({"w_max": 0}, "w_max is 0, expected a positive"),
    ],
)
def test_bad_rules_are_refused(change, sentence):
    with pytest.raises(ValueError, match=sentence):
        Stdp(**change)
