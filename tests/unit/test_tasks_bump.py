"""The synthetic bump task."""

import jax
import numpy as np
import pytest

from latticework.tasks import Bump
from support.close import FEW_ROUNDINGS, close_to_largest

SMALL = Bump(num_classes=5, num_steps=60, num_channels=3, num_train=400, num_test=100, seed=7)


def test_without_noise_it_is_the_published_formula():
    task = Bump(num_classes=4, num_steps=50, num_channels=2, noise_std=0, num_train=30, gain=5.0)
    data = task.load(None)
    # T = 50: s0 = floor(7.5) = 7, s1 = floor(42.5) = 42
    for inputs, cls in zip(data.train_inputs, data.train_targets, strict=True):
        centre = 7 + 35 * (cls + 0.5) / 4
        expected = [5 * np.exp(-0.5 * ((t - centre) / 4) ** 2) for t in range(50)]
        close_to_largest(inputs[:, 0], np.array(expected), FEW_ROUNDINGS)
        assert not inputs[:, 1].any()


def test_the_noise_is_half_normal_and_the_classes_uniform():
    data = SMALL.load(None)
    assert data.train_inputs.shape == (400, 60, 3)
    assert data.test_inputs.shape == (100, 60, 3)
    assert data.train_inputs.dtype == np.float32
    assert data.train_targets.dtype == np.int32
    noise = data.train_inputs[:, :, 1:]
    assert noise.min() >= 0
    assert abs(noise.mean() / (0.2 * np.sqrt(2 / np.pi)) - 1) < 0.02
    assert np.bincount(data.train_targets, minlength=5).min() > 50
    assert data.train_inputs[:, :, 0].argmax(axis=1)[data.train_targets == 4].min() > 40


def test_a_seed_is_one_data_set_and_the_parts_do_not_depend_on_each_other():
    first, again = SMALL.load(None), SMALL.load(None)
    assert np.array_equal(first.train_inputs, again.train_inputs)
    longer = Bump(num_classes=5, num_steps=60, num_channels=3, num_train=500, num_test=100, seed=7)
    assert np.array_equal(longer.load(None).test_inputs, first.test_inputs)
    even = Bump(num_train=50, num_test=50).load(None)
    assert not np.array_equal(even.train_inputs, even.test_inputs)
    other = Bump(num_classes=5, num_steps=60, num_channels=3, num_train=400, num_test=100, seed=8)
    assert not np.array_equal(other.load(None).train_inputs, first.train_inputs)


def test_the_stream_never_changes():
    data = Bump(num_steps=10, num_channels=2, num_train=4, num_test=4).load(None)
    assert data.train_targets.tolist() == CLASSES_OF_SEED_0
    close_to_largest(data.train_inputs[0, 0], np.array(FIRST_OF_SEED_0), FEW_ROUNDINGS)


CLASSES_OF_SEED_0 = [1, 1, 1, 2]
FIRST_OF_SEED_0 = [3.50708627, 0.18510048]


def test_encoding_changes_nothing():
    inputs = SMALL.load(None).train_inputs[:6].reshape(2, 3, 60, 3)
    got = jax.jit(SMALL.encode)(inputs)
    assert np.array_equal(got, inputs)
    with pytest.raises(ValueError, match=r"shape \(2, 3, 60, 2\) cannot be encoded"):
        SMALL.encode(inputs[..., :2])


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        ({"num_classes": 1}, "num_classes is 1; a whole number from 2"),
        ({"num_steps": 0}, "num_steps is 0"),
        ({"num_channels": -3}, "num_channels is -3"),
        ({"num_train": 0}, "num_train is 0"),
        ({"num_test": 2.5}, "num_test is 2.5"),
        ({"noise_std": -0.1}, "noise_std is -0.1; a number from 1e-30 to 1e[+]30 or 0 expected"),
        ({"gain": 0}, "gain is 0;"),
        ({"seed": -1}, "seed is -1"),
        ({"num_train": 1_000_000, "num_steps": 1000}, "would hold 8,008,000,000 numbers"),
    ],
)
def test_bad_arguments_are_refused_when_made(arguments, sentence):
    with pytest.raises(ValueError, match=sentence):
        Bump(**arguments)
