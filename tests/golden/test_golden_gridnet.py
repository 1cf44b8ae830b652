"""The published gridnet's arrays, computed anew; and replays that notice what is wrong."""

import shutil

import numpy as np
import pytest

from latticework.verify import Outcome, verify
from latticework.verify.gridnet import GRIDNET
from latticework.verify.gridnet.tolerances import ROUNDED

LONG = {
    "plain_relu.npz",
    "plain_leaky_relu.npz",
    "plain_silu.npz",
    "gated_relu.npz",
    "gated_leaky_relu.npz",
    "gated_tanh.npz",
    "mnist_tiny_gated.npz",
    "echo_tiny.npz",
    "imagenet_tiny_a.npz",
    "imagenet_tiny_b.npz",
}
"""Replayed by `make test-all`; what they show, the other files show too, but for one activation
or mode."""


@pytest.fixture(scope="module")
def folder(golden_dir):
    return golden_dir / "gridnet"


@pytest.mark.parametrize(
    "name",
    [pytest.param(name, marks=[pytest.mark.all] if name in LONG else []) for name in GRIDNET.files],
)
def test_replay(folder, name):
    (result,) = verify(folder / name)
    assert result.outcome is Outcome.PASSED, (result.message, result.worst)
    assert result.checks
    assert all(check.tolerance <= ROUNDED for check in result.checks)


@pytest.mark.parametrize(
    ("name", "array"),
    [("readout.npz", "L2_grad_proj.bias"), ("web_checkpoint.npz", "bytes16")],
)
def test_one_wrong_entry_is_found(folder, tmp_path, name, array):
    stored = dict(np.load(folder / name))
    changed = stored[array].copy()
    changed.flat[-1] += np.asarray(1, changed.dtype)
    np.savez(tmp_path / name, **{**stored, array: changed})
    (result,) = verify(tmp_path / name)
    assert result.outcome is Outcome.FAILED
    assert array in {check.quantity for check in result.checks if not check.passed}


def test_a_lacking_sibling_is_named(folder, tmp_path):
    shutil.copy(folder / "gated_silu.npz", tmp_path)
    (result,) = verify(tmp_path / "gated_silu.npz")
    assert result.outcome is Outcome.FAILED
    assert "gated_silu.npz needs the inputs of its sweeps" in result.message


def test_words_and_flags_are_checked(folder, tmp_path):
    stored = dict(np.load(folder / "mnist_tiny_plain.npz"))
    for array, value, said in (("act", np.float64(1), "a word"), ("gatedp", "x", "true or false")):
        np.savez(tmp_path / "mnist_tiny_plain.npz", **{**stored, array: value})
        (result,) = verify(tmp_path / "mnist_tiny_plain.npz")
        assert result.outcome is Outcome.FAILED
        assert said in result.message
