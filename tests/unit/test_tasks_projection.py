"""The fixed sparse random projection."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from latticework.tasks import SparseProjection
from support.close import FEW_ROUNDINGS, SUMS, close_to_largest


def published(num_out: int, num_in: int, seed: int) -> np.ndarray:
    """The published draw, with 64-bit types off, as in the published program."""
    with jax.enable_x64(False):
        _, _, _, _, encoder, mask = jax.random.split(jax.random.PRNGKey(seed), 6)
        normal = jax.random.normal(encoder, (num_out, num_in))
        keep = jax.random.bernoulli(mask, 0.1, (num_out, num_in))
        return np.asarray(normal) / np.sqrt(max(0.1 * num_in, 1.0)) * np.asarray(keep)


@pytest.mark.parametrize(("num_out", "num_in", "seed"), [(28, 40, 0), (20, 28, 3), (40, 4, 1)])
def test_it_is_the_published_draw_whatever_the_precision(num_out, num_in, seed):
    got = SparseProjection(num_out, num_in, seed).matrix()
    assert got.dtype == np.float32
    expected = published(num_out, num_in, seed)
    assert np.array_equal(got == 0, expected == 0)
    close_to_largest(got, expected, FEW_ROUNDINGS)


def test_its_statistics():
    matrix = SparseProjection(400, 400, 0).matrix()
    kept = matrix != 0
    assert abs(kept.mean() - 0.1) < 0.005
    assert abs(matrix[kept].std() * np.sqrt(40) - 1) < 0.02
    few = SparseProjection(400, 4, 0).matrix()
    assert abs(few[few != 0].std() - 1) < 0.15, "below ten channels nothing is divided"


def test_it_is_drawn_once_also_inside_a_traced_program():
    projection = SparseProjection(7, 30, 99)
    inputs = jnp.ones((2, 5, 30), jnp.float32)
    inside = jax.jit(projection)(inputs)
    assert inside.shape == (2, 5, 7)
    close_to_largest(inside[0, 0], projection.matrix().sum(axis=1), SUMS)
    assert projection.matrix() is SparseProjection(7, 30, 99).matrix()


def test_a_projection_that_lets_nothing_pass_is_refused():
    with pytest.raises(ValueError, match="from 1 to 1 channels drawn with seed 0 is all zero"):
        SparseProjection(1, 1, 0).matrix()


@pytest.mark.parametrize("arguments", [(0, 5), (5, 0), (5, 5, -1), (2.0, 5), (5000, 5)])
def test_bad_arguments_are_refused(arguments):
    with pytest.raises(ValueError, match="a whole number from"):
        SparseProjection(*arguments)
