"""The published temporal networks' arrays, computed anew; and replays that notice what is wrong."""

import shutil

import numpy as np
import pytest

from latticework.kernels.wave_choice import choose_wave_kernel
from latticework.rules import Stdp
from latticework.verify import Context, Outcome, verify
from latticework.verify.rtnn import RTNN, layers, learning

NEEDS_DATA = "v8_train_stats.npz"


@pytest.fixture(scope="module")
def rtnn(golden_dir):
    return golden_dir / "rtnn"


@pytest.mark.parametrize(
    "name",
    [
        pytest.param(name, marks=[pytest.mark.needs("MNIST")] if name == NEEDS_DATA else [])
        for name in RTNN.files
    ],
)
def test_replay(rtnn, name):
    (result,) = verify(rtnn / name)
    assert result.outcome is Outcome.PASSED, result
    for check in result.checks:
        exact = check.tolerance == 0 or "analytic" in check.quantity
        assert exact or "(z)" in check.quantity or name == "readout_sgd.npz"


def test_the_trainings_are_skipped_without_data(rtnn, tmp_path, monkeypatch):
    for name in ("LATTICEWORK_DATA", "XDG_CACHE_HOME", "LATTICEWORK_CACHE", "HOME"):
        monkeypatch.setenv(name, str(tmp_path))
    (result,) = verify(rtnn / NEEDS_DATA, Context())
    assert result.outcome is Outcome.SKIPPED


def failures(folder) -> set[str]:
    (result,) = verify(folder)
    assert result.outcome is Outcome.FAILED
    return {check.quantity for check in result.checks if not check.passed}


def test_other_semantics_are_found(rtnn, monkeypatch):
    """With the right winners in place of the slip, exactly the faithful arrays disagree."""
    both = dict.fromkeys(layers.SEMANTICS, layers.SEMANTICS["idxfix"])
    monkeypatch.setattr(layers, "SEMANTICS", both)
    wrong = failures(rtnn / "layer_direct.npz")
    assert wrong == {"k3_s_faithful", "k5_T8_s_faithful", "k4_nonmono_s_faithful"}


def test_one_wrong_spike_is_found(rtnn, tmp_path):
    stored = dict(np.load(rtnn / "layer_network.npz"))
    stored["b_s_idxfix"][2, 5, 3] ^= 1
    np.savez(tmp_path / "layer_network.npz", **stored)
    assert failures(tmp_path / "layer_network.npz") == {"b_s_idxfix"}


def test_another_rule_is_found(rtnn, monkeypatch):
    monkeypatch.setattr(Stdp, "probabilities", _no_minus(Stdp.probabilities))
    assert "M8_u0100_umin1" in failures(rtnn / "stdp_deterministic.npz")


def _no_minus(original):
    def probabilities(self, weights, sources, targets, lag=0):
        direction, chance = original(self, weights, sources, targets, lag)
        return direction, np.where(direction > 0, chance, 0)

    return probabilities


@pytest.mark.needs("MNIST")
def test_another_training_is_found(rtnn, tmp_path, monkeypatch):
    """Search twice as often as published leaves weights elsewhere."""
    shutil.copy(rtnn / NEEDS_DATA, tmp_path)

    def other(problem):
        links = problem.wiring.links
        first = links[0].__class__(links[0].source, links[0].target, links[0].start, Stdp(search=4))
        wiring = problem.wiring.__class__(
            problem.wiring.inputs,
            problem.wiring.columns,
            problem.wiring.buffers,
            (first, links[1]),
        )
        changed = problem.__class__(wiring, problem.schedule, problem.num_channels)
        return choose_wave_kernel(changed)

    monkeypatch.setattr(learning, "choose_wave_kernel", other)
    assert "wff_mean_per_input (z)" in failures(tmp_path / NEEDS_DATA)
