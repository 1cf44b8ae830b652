"""Cross entropy of summed and of per-step readouts."""

import math
from typing import get_args

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from latticework.core.loss import (
    LossMode,
    check_loss_mode,
    cross_entropy,
    error,
    readout_gradient,
    sequence_loss,
)

READOUTS = jnp.array([[0.0, math.log(3.0)], [math.log(2.0), 0.0], [0.0, 0.0]])


def test_values_worked_by_hand():
    # softmax of (0, log 3) is (1/4, 3/4).
    assert cross_entropy(READOUTS[0], jnp.array(1)) == pytest.approx(math.log(4 / 3))
    assert np.allclose(error(READOUTS[0], jnp.array(1)), [1 / 4, -1 / 4])
    # The sum over time is (log 2, log 3): softmax (2/5, 3/5).
    assert sequence_loss(READOUTS, jnp.array(0), "sum") == pytest.approx(math.log(5 / 2))
    steps = [math.log(4), math.log(3 / 2), math.log(2)]
    assert sequence_loss(READOUTS, jnp.array(0), "per_t") == pytest.approx(np.mean(steps))


@pytest.mark.parametrize("mode", get_args(LossMode))
def test_the_gradient_is_autodiffs(mode):
    target = jnp.array(1)
    truth = jax.grad(lambda r: sequence_loss(r, target, mode))(READOUTS)
    assert np.allclose(readout_gradient(READOUTS, target, mode), truth, atol=1e-15)


@pytest.mark.parametrize("mode", get_args(LossMode))
def test_leading_axes_are_examples(mode):
    rng = np.random.default_rng(0)
    readouts = jnp.asarray(rng.standard_normal((2, 3, 5, 4)))
    targets = jnp.asarray(rng.integers(0, 4, (2, 3)))
    losses = sequence_loss(readouts, targets, mode)
    gradients = readout_gradient(readouts, targets, mode)
    assert losses.shape == (2, 3)
    for a in range(2):
        for b in range(3):
            one = (readouts[a, b], targets[a, b], mode)
            assert losses[a, b] == pytest.approx(float(sequence_loss(*one)), rel=1e-14)
            assert np.allclose(gradients[a, b], readout_gradient(*one), atol=1e-15)


def test_large_scores_stay_finite():
    scores = jnp.array([1e4, -1e4])
    assert cross_entropy(scores, jnp.array(1)) == pytest.approx(2e4)
    assert np.array_equal(error(scores, jnp.array(1)), [1.0, -1.0])


def test_single_precision_stays_single():
    single = READOUTS.astype(jnp.float32)
    for mode in get_args(LossMode):
        assert sequence_loss(single, jnp.array(0), mode).dtype == jnp.float32
        assert readout_gradient(single, jnp.array(0), mode).dtype == jnp.float32


def test_an_unknown_mode_is_refused():
    check_loss_mode("sum")
    with pytest.raises(ValueError, match=r"'mean' is not known; expected one of sum, per_t"):
        check_loss_mode("mean")
