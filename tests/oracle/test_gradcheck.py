"""The study of rules against the true gradient."""

import jax
import numpy as np
import pytest

from latticework.models import leaky_network
from latticework.rules import Bptt, Broadcast, HopTrace, NonIdealities, Rtrl
from latticework.studies import ALL_GROUPS, gradcheck, spread_hops
from latticework.topologies import Grid
from support.probe import CELL, cosine, network_on, probe, results

NETWORK = network_on(Grid(3, 2))
GROUPS = ["bias", "log_tau", "weight", ALL_GROUPS]


def check(rule=None, **options):
    params, inputs, targets = probe(NETWORK)
    return gradcheck(NETWORK, inputs, targets, "sum", rule=rule, params=params, **options)


def test_rows_say_what_the_rules_do():
    rows = check(hops=(0, 1, 3), kernel_name="reference")
    assert [(row.hops, row.group) for row in rows] == [
        (hops, group) for hops in (0, 1, 3) for group in GROUPS
    ]
    assert {row.rule for row in rows} == {"hop_trace"}
    assert {row.kernel for row in rows} == {"reference"}
    tasks = tuple((rule, "sum") for rule in (Bptt(), HopTrace(hops=0), HopTrace(hops=1)))
    truth, *cut = (result.direction for result in results(NETWORK, tasks).values())
    for hops, direction in enumerate(cut):
        (row,) = [row for row in rows if row.hops == hops and row.group == ALL_GROUPS]
        assert row.cosine == pytest.approx(cosine(direction, truth), abs=1e-12)
        (row,) = [row for row in rows if row.hops == hops and row.group == "weight"]
        off, largest = (
            np.abs(values).reshape(3, -1).max(axis=1)
            for values in (direction["weight"] - truth["weight"], truth["weight"])
        )
        assert row.relative_error == pytest.approx(np.mean(off / largest), rel=1e-9)
        assert not row.is_exact
        assert row.relative_error > 1e-3
    for row in rows[-len(GROUPS) :]:
        assert row.is_exact
        assert row.cosine == pytest.approx(1, abs=1e-14)
        assert 0 <= row.relative_error < 1e-13


def test_a_fast_path_is_not_compared_with_itself():
    """The truth is autodiff's even where a kernel computes the rule as backpropagation."""
    rows = check(hops=(3,))
    assert rows[0].kernel != "reference"
    assert all(row.relative_error < 1e-13 for row in rows)
    assert any(row.relative_error > 0 for row in rows)


def test_single_precision_goes_in_and_64_bits_are_used():
    params, inputs, targets = probe(NETWORK)
    single = {name: value.astype(np.float32) for name, value in params.items()}
    with jax.enable_x64(False):
        (row, *_) = gradcheck(
            NETWORK, np.float32(inputs), np.asarray(targets), "per_t", rule=Rtrl(), params=single
        )
        assert jax.numpy.ones(1).dtype == np.float32
    assert row.rule == "rtrl"
    assert row.hops is None
    assert row.is_exact
    assert row.relative_error < 1e-13


def test_signal_and_imperfections_stay():
    rows = check(HopTrace(hops=7, signal=Broadcast()), hops=(5,))
    assert rows[-1].hops == 5
    assert not rows[-1].is_exact
    assert rows[-1].cosine < 0.999
    noisy = HopTrace(hops=3, non_idealities=NonIdealities(message_noise=0.1))
    assert check(noisy, hops=(3,))[-1].cosine < 0.9999


def test_spread_hops():
    assert spread_hops(0) == (0,)
    assert spread_hops(3) == (0, 1, 2, 3)
    assert spread_hops(36) == (0, 1, 2, 3, 4, 6, 9, 13, 19, 28, 36)
    assert spread_hops(2, dense_to=0) == (0, 1, 2)
    for depth in range(60):
        hops = spread_hops(depth)
        assert hops[0] == 0
        assert hops[-1] == depth
        assert list(hops) == sorted(set(hops))


def test_nothing_to_learn_is_no_error():
    """One class: the gradient is zero, and so is every rule's direction."""
    network = leaky_network(Grid(2, 1), CELL)
    rows = gradcheck(network, np.ones((1, 3, 2)), np.zeros(1, int), "sum", rule=Rtrl())
    assert all(row.cosine == 1 and row.relative_error == 0 for row in rows)


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"inputs": np.zeros((2, 4, 5))}, r"Grid takes \[\.\.\., time, 3\]"),
        ({"inputs": np.zeros((4, 3))}, r"expected \[example, time, channel\]"),
        ({"targets": np.zeros(3, int)}, r"targets \(3,\), expected"),
        ({"inputs": np.zeros((0, 4, 3)), "targets": np.zeros(0, int)}, "at least one example"),
        ({"loss_mode": "last"}, "loss mode 'last' is not known"),
        ({"rule": Bptt(), "hops": (1,)}, "bptt has no hops; leave hops out"),
        ({"hops": (-1,)}, "hops is -1, expected 0"),
        ({"kernel_name": "quick"}, "no kernel named 'quick'"),
    ],
)
def test_what_does_not_fit_is_refused(changes, sentence):
    arguments = {"inputs": np.zeros((2, 4, 3)), "targets": np.zeros(2, int), "loss_mode": "sum"}
    arguments |= changes
    fixed = [arguments.pop(name) for name in ("inputs", "targets", "loss_mode")]
    with pytest.raises(ValueError, match=sentence):
        gradcheck(NETWORK, *fixed, **arguments)
