"""The published program's arrays, computed anew; and replays that notice what is wrong."""

import re
import shutil

import numpy as np
import pytest

from latticework.rules import HopTrace, NonIdealities
from latticework.verify import CaseResult, Context, Outcome, verify
from latticework.verify.grid import GRID, perturbations, small

NEEDS_DATA = "run6k_float32.npz"
MOST_CHECKS = {
    "small_4x4_T1.npz": 41,
    "small_4x4_T5.npz": 41,
    "small_4x4_T20.npz": 41,
    "mnist_28x10_first8.npz": 17,
    "train_28x10.npz": 22,
    "perturb_4x4_T5.npz": 48,
    "mnist_order.npz": 25,
}
"""Quantities compared in each file, at least."""


@pytest.fixture(scope="module")
def grid(golden_dir):
    return golden_dir / "grid"


LONG = {"perturb_4x4_T5.npz", "mnist_28x10_first8.npz", "small_4x4_T20.npz"}
"""Replayed by `make test-all`; the other files show the same of fewer steps and conditions."""


@pytest.mark.parametrize(
    "name",
    [
        pytest.param(name, marks=[pytest.mark.all] if name in LONG else [])
        for name in sorted(set(GRID.files) - {NEEDS_DATA})
    ],
)
def test_replay(grid, name):
    (result,) = verify(grid / name)
    assert result.outcome is Outcome.PASSED, report(result)
    assert result.passed
    assert result.case == f"grid/{name.removesuffix('.npz')}"
    assert len(result.checks) >= MOST_CHECKS[name]
    for check in result.checks:
        assert check.tolerance <= 1e-12 or "z" in check.quantity or "initial" in check.quantity
    assert result.worst in result.checks


@pytest.mark.all
@pytest.mark.needs("MNIST")
def test_replay_of_the_training_run(grid):
    (result,) = verify(grid / NEEDS_DATA)
    assert result.outcome is Outcome.PASSED, report(result)


def test_the_training_run_is_skipped_without_data(grid, tmp_path, monkeypatch):
    for name in ("LATTICEWORK_DATA", "XDG_CACHE_HOME", "LATTICEWORK_CACHE", "HOME"):
        monkeypatch.setenv(name, str(tmp_path))
    (result,) = verify(grid / NEEDS_DATA, Context())
    assert result.outcome is Outcome.SKIPPED
    assert result.passed
    assert "it trains on MNIST, which is not here" in result.message


def altered(grid, tmp_path, name: str, **arrays) -> CaseResult:
    """Verify a copy of a golden file with some arrays replaced, added or (None) dropped."""
    stored = dict(np.load(grid / name))
    stored = {key: value for key, value in {**stored, **arrays}.items() if value is not None}
    np.savez(tmp_path / name, **stored)
    (result,) = verify(tmp_path / name)
    return result


def failures(result: CaseResult) -> set[str]:
    assert result.outcome is Outcome.FAILED
    assert not result.passed
    return {check.quantity for check in result.checks if not check.passed}


def test_one_wrong_entry_is_found(grid, tmp_path):
    stored = np.load(grid / "small_4x4_T1.npz")
    changed = {name: stored[name].copy() for name in ("x_bias", "snap_sum_w_top", "y")}
    changed["x_bias"][0, 3, 0] += 1e-9
    changed["snap_sum_w_top"][5] *= 1 + 1e-6
    changed["y"][0, 0] = np.nan
    result = altered(grid, tmp_path, "small_4x4_T1.npz", **changed)
    assert failures(result) == set(changed)
    assert result.worst.quantity == "y"
    assert not result.message


def test_another_rule_is_found(grid, monkeypatch):
    monkeypatch.setattr(small, "PUBLISHED", HopTrace(hops=2))
    (result,) = verify(grid / "small_4x4_T5.npz")
    wrong = failures(result)
    # One more hop has traces in more places than the published slots, and another gradient.
    assert {name for name in wrong if not name.startswith("x_")} == {
        f"snap_{mode}_{group}"
        for mode in ("sum", "per_t")
        for group in ("log_tau", "w_left", "w_top", "bias")
    }


@pytest.mark.all
def test_another_noise_is_found(grid, monkeypatch):
    """Noise five per cent too large; the other conditions are taken out, to be quick."""
    too_large = {"msg_noise": NonIdealities(message_noise=0.525)}
    monkeypatch.setattr(perturbations, "_CONDITIONS", {})
    monkeypatch.setattr(perturbations, "_NOISES", too_large)
    (result,) = verify(grid / "perturb_4x4_T5.npz")
    assert any("msg_noise std" in name for name in failures(result))
    assert not any("msg_noise mean" in name for name in failures(result))
    assert "leak_bias" in result.message
    assert "not checked" in result.message


ORDER = "mnist_order.npz"


@pytest.fixture
def short_order(grid):
    """Two arrays of the orders: a replay that takes no time."""
    stored = np.load(grid / ORDER)
    keep = {"perm6000_ep0", "val_ep0"}
    return {name: None for name in stored.files if name not in keep}


def test_an_array_that_nothing_checks_is_found(grid, tmp_path, short_order):
    result = altered(grid, tmp_path, ORDER, **short_order, more=np.zeros(3))
    assert result.outcome is Outcome.FAILED
    assert result.message == f"{ORDER} holds arrays that are not checked: more"


def test_two_entries_that_changed_places_are_found(grid, tmp_path, short_order):
    order = np.load(grid / ORDER)["perm6000_ep0"].copy()
    order[[0, 1]] = order[[1, 0]]
    result = altered(grid, tmp_path, ORDER, **{**short_order, "perm6000_ep0": order})
    assert failures(result) == {"perm6000_ep0"}
    assert result.worst.error == pytest.approx(2 / 6000)


@pytest.mark.parametrize(
    ("arrays", "sentence"),
    [
        ({"seq": None}, r"small_4x4_T1.npz has no array 'seq'; it holds T, N|has no array 'seq'"),
        ({"log_tau": np.zeros(3)}, r"log_tau has shape \(3,\), expected \(16,\)"),
        ({"seq": np.zeros((1, 5))}, r"seq has shape \(1, 5\), expected \(1, 4\)"),
        ({"N": np.array(0)}, "N is 0, expected a whole number from 1 up"),
        ({"T": np.array(1.5)}, "T is 1.5, expected a whole number from 1 up"),
        ({"dt": np.array(np.inf)}, "dt is inf, expected a finite number"),
        ({"dt": np.array(-1.0)}, "dt is -1.0, expected a positive number of seconds"),
        ({"target": np.array(4)}, r"target is 4, expected a class in 0\.\.3"),
        ({"bias": np.array(["a"] * 16)}, "bias is <U1, expected numbers"),
    ],
)
def test_a_file_that_does_not_fit_itself_says_so(grid, tmp_path, arrays, sentence):
    result = altered(grid, tmp_path, "small_4x4_T1.npz", **arrays)
    assert result.outcome is Outcome.FAILED
    assert re.search(sentence, result.message), result.message
    assert "\n" not in result.message


def test_a_damaged_file_says_so_and_the_others_run(grid, tmp_path):
    whole = (grid / ORDER).read_bytes()
    (tmp_path / ORDER).write_bytes(whole[: len(whole) // 2])
    np.savez(tmp_path / "small_4x4_T1.npz", objects=np.array([{}], dtype=object))
    np.save(tmp_path / "bare.npy", np.zeros(2))
    (tmp_path / "bare.npy").rename(tmp_path / "small_4x4_T5.npz")
    (tmp_path / "train_28x10.npz").write_bytes(b"")
    results = {result.case: result for result in verify(tmp_path)}
    assert all(result.outcome is Outcome.FAILED for result in results.values())
    for name in ("mnist_order", "small_4x4_T1", "small_4x4_T5", "train_28x10"):
        message = results[f"grid/{name}"].message
        assert "copy it again" in message, message
    assert "is missing from" in results["grid/perturb_4x4_T5"].message
    assert len(results) == len(GRID.files)


def test_an_unknown_file_says_so(grid, tmp_path):
    np.savez(tmp_path / "echo.npz", a=np.zeros(2))
    (result,) = verify(tmp_path)
    assert result.outcome is Outcome.FAILED
    assert "echo.npz has no known layout; the nearest is" in result.message
    assert "for which it lacks" in result.message
    assert "known are grid steps of a small grid, " in result.message


def test_folders_below_are_searched(grid, tmp_path):
    (tmp_path / "grid").mkdir()
    shutil.copy(grid / ORDER, tmp_path / "grid" / "unknown.npz")
    results = verify(tmp_path)
    # A folder by the name of a family is that family's, so its files are missed there; but for
    # the one that is there under another name.
    assert {result.case for result in results} == {
        "grid/unknown",
        *(f"grid/{name.removesuffix('.npz')}" for name in GRID.files if name != ORDER),
    }
    assert results[0].outcome is Outcome.PASSED


@pytest.mark.parametrize("name", ["nowhere", "empty"])
def test_no_golden_file_is_an_error(tmp_path, name):
    (tmp_path / "empty").mkdir()
    sentence = {"nowhere": "there is nothing at", "empty": "holds no golden file"}[name]
    with pytest.raises(ValueError, match=sentence):
        verify(tmp_path / name)


def report(result: CaseResult) -> str:
    wrong = [check for check in result.checks if not check.passed]
    return "; ".join([result.message, *map(str, wrong)])
