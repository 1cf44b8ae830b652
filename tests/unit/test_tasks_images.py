"""Images as sequences: the arithmetic to the bit, the orders, the digits, the real data."""

from pathlib import Path

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from latticework.tasks import DataSource, PermutedImage, PixelImage, RowImage, fetch
from latticework.tasks.digits import digits
from latticework.tasks.image_task import scale_pixels
from latticework.tasks.permuted_image import permutation
from latticework.tasks.row_image import column_order
from support.close import SUMS, close_to_largest

ALL_PIXELS = np.arange(256, dtype=np.uint8)
IMAGES = np.random.default_rng(0).integers(0, 256, (3, 28, 28), dtype=np.uint8)
IMAGE_TASKS = (RowImage, PixelImage, PermutedImage)


def by_numpy(pixels: np.ndarray, gain: float) -> np.ndarray:
    """Two roundings to float32."""
    return (pixels.astype(np.float32) / np.float32(255)) * np.float32(gain)


@settings(max_examples=30)
@given(st.floats(2**-10, 2**10, width=32) | st.sampled_from([1.0, 3.0, 10.0, 0.1]))
def test_scaling_is_bit_for_bit_numpys(gain):
    expected = by_numpy(ALL_PIXELS, gain)
    got = np.asarray(jax.jit(lambda p: scale_pixels(p, gain))(ALL_PIXELS))
    assert got.dtype == np.float32
    assert got.tobytes() == expected.tobytes()


def test_scaling_is_the_same_inside_larger_programs():
    expected = by_numpy(IMAGES, 10.0)

    def summed(images):
        return jax.lax.scan(lambda c, x: (c, RowImage().encode(x) * 1), 0, images)[1]

    assert np.array_equal(jax.jit(summed)(jnp.asarray(IMAGES)), expected)
    assert np.array_equal(jax.vmap(RowImage().encode)(IMAGES), expected)
    assert np.array_equal(RowImage().encode(IMAGES), expected)


def test_the_published_inputs(golden_dir: Path):
    with np.load(golden_dir / "grid" / "mnist_28x10_first8.npz") as golden:
        pixels, sequences = golden["pixels"], golden["seq"]
    got = np.asarray(jax.jit(RowImage(gain=10.0).encode)(pixels))
    assert got.dtype == sequences.dtype
    assert np.array_equal(got, sequences)


def test_delays_clock_and_order_of_columns():
    plain = np.asarray(RowImage(gain=2.0).encode(IMAGES))
    task = RowImage(gain=2.0, delays=(0, 3), clock=True, column_seed=7)
    got = np.asarray(jax.jit(task.encode)(IMAGES))
    assert got.shape == (3, task.num_steps, task.num_channels) == (3, 28, 57)
    assert np.array_equal(got[..., :28], plain[..., column_order(7)])
    assert not got[:, :3, 28:56].any()
    assert np.array_equal(got[:, 3:, 28:56], got[:, :-3, :28])
    clock = got[0, :, -1]
    assert np.array_equal(got[..., -1], np.broadcast_to(clock, (3, 28)))
    assert clock[0] == -2 and clock[-1] == 2
    assert np.allclose(np.diff(clock), 4 / 27, atol=1e-6), "even"
    assert sorted(column_order(7).tolist()) == list(range(28))
    assert RowImage(clock=True, channels=12).projection.num_in == 29


@pytest.mark.parametrize("delays", [(), (-1,), (0, 28)])
def test_delays_that_cannot_be_are_refused(delays):
    with pytest.raises(ValueError, match="expected one or more, each from 0 to 27 steps"):
        RowImage(delays=delays)


def test_row_order():
    got = np.asarray(RowImage(gain=2.0).encode(IMAGES[0]))
    assert got.shape == (28, 28)
    assert got[5, 7] == by_numpy(IMAGES[0, 5, 7], 2.0)


def test_pixel_order():
    got = np.asarray(PixelImage().encode(IMAGES))
    assert got.shape == (3, 784, 1)
    assert np.array_equal(got[:, :, 0], by_numpy(IMAGES, 10.0).reshape(3, 784))


def test_permuted_order():
    order = permutation(4)
    assert sorted(order) == list(range(784))
    got = np.asarray(PermutedImage(seed=4).encode(IMAGES))
    assert got.shape == (3, 28, 28)
    flat = by_numpy(IMAGES, 10.0).reshape(3, 784)
    assert np.array_equal(got.reshape(3, 784), flat[:, order])
    assert not np.array_equal(order, permutation(5))


def test_the_permutation_never_changes():
    assert permutation(0)[:8].tolist() == FIRST_OF_SEED_0


FIRST_OF_SEED_0 = [693, 85, 647, 392, 765, 14, 299, 711]


@pytest.mark.parametrize("task", [cls(channels=12) for cls in IMAGE_TASKS])
def test_channels_other_than_the_width_are_projected(task):
    plain = np.asarray(type(task)().encode(IMAGES)).astype(np.float64)
    matrix = task.projection.matrix().astype(np.float64)
    assert matrix.shape == (12, task.pixels_per_step)
    got = jax.jit(task.encode)(IMAGES)
    assert got.dtype == jnp.float32
    assert got.shape == (3, task.num_steps, 12)
    close_to_largest(got, plain @ matrix.T, SUMS)


def test_channels_equal_to_the_width_are_not():
    assert RowImage(channels=28).projection is None
    assert np.array_equal(RowImage(channels=28).encode(IMAGES), RowImage().encode(IMAGES))
    assert np.array_equal(PixelImage(channels=1).encode(IMAGES), PixelImage().encode(IMAGES))


def test_the_projection_seed_counts():
    a, b = (RowImage(channels=12, projection_seed=seed).encode(IMAGES) for seed in (0, 1))
    assert not np.array_equal(a, b)


@pytest.mark.parametrize(
    ("raw", "sentence"),
    [
        (IMAGES.astype(np.float32), "type float32"),
        (IMAGES[:, :27], r"shape \(3, 27, 28\)"),
        (ALL_PIXELS, r"shape \(256,\)"),
    ],
)
def test_other_arrays_are_refused(raw, sentence):
    with pytest.raises(ValueError, match=f"{sentence}.* unsigned bytes of shape"):
        RowImage().encode(raw)


@pytest.mark.parametrize("task", IMAGE_TASKS)
@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        ({"dataset": "mnits"}, "no data set named 'mnits'; did you mean 'mnist'"),
        ({"gain": 0.0}, "gain is 0.0; a number from"),
        ({"gain": -1.0}, "gain is -1.0"),
        ({"gain": float("nan")}, "gain is nan"),
        ({"gain": float("inf")}, "gain is inf"),
        ({"gain": 1e39}, "gain is 1e[+]39"),
        ({"gain": True}, "gain is True"),
        ({"channels": 0}, "channels is 0; a whole number from 1 to 4,096"),
        ({"channels": 12.0}, "channels is 12.0"),
        ({"channels": 5000}, "channels is 5000"),
        ({"projection_seed": -1}, "projection_seed is -1; a whole number from 0 to 4,294,967,295"),
        ({"projection_seed": 2**32}, "projection_seed is 4294967296"),
    ],
)
def test_bad_arguments_are_refused_when_made(task, arguments, sentence):
    with pytest.raises(ValueError, match=sentence):
        task(**arguments)


def test_a_projection_that_lets_nothing_pass_is_refused_when_made():
    with pytest.raises(ValueError, match="from 1 to 4 channels drawn with seed 0 is all zero"):
        PixelImage(channels=4)


@pytest.mark.parametrize("seed", [-1, 0.5, 2**32])
def test_a_bad_permutation_seed_is_refused(seed):
    with pytest.raises(ValueError, match=r"^seed is .*whole number"):
        PermutedImage(seed=seed)


class TestDigits:
    def test_they_are_whole_and_split_once(self):
        images = fetch("digits", DataSource(offline=True))
        assert images.train_images.shape == (1500, 28, 28)
        assert images.test_images.shape == (297, 28, 28)
        assert images.train_images.dtype == np.uint8
        assert set(images.test_classes) == set(range(10))
        assert images.train_classes[:10].tolist() == list(range(10))
        assert images.train_images.max() == 255

    def test_they_are_the_bilinear_enlargement(self):
        from sklearn.datasets import load_digits

        small = load_digits().images
        centres = np.clip((np.arange(28) + 0.5) * 8 / 28 - 0.5, 0, 7)
        weights = np.stack([np.interp(centres, np.arange(8), row) for row in np.eye(8)], axis=1)
        expected = weights @ small @ weights.T * 255 / 16
        got, _ = digits()
        assert np.abs(got - expected).max() <= 0.5 + 1e-9

    def test_they_cannot_be_written_over(self):
        with pytest.raises(ValueError, match="read-only"):
            digits()[0][0, 0, 0] = 1


@pytest.mark.needs("MNIST", "Fashion-MNIST")
def test_the_real_files():
    for name, first in (("mnist", [5, 0, 4, 1, 9]), ("fashion-mnist", [9, 0, 0, 3, 0])):
        data = RowImage(name).load(DataSource(offline=True))
        assert data.train_inputs.shape == (60_000, 28, 28)
        assert data.test_inputs.shape == (10_000, 28, 28)
        assert data.train_targets[:5].tolist() == first
        assert (data.name, data.notice) == (name, "")
