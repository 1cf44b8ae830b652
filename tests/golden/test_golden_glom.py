"""The published GLOM's arrays, computed anew; and replays that notice what is wrong."""

import shutil

import numpy as np
import pytest

from latticework.core.precision import double_precision
from latticework.verify import Context, Outcome, verify
from latticework.verify.archive import Archive
from latticework.verify.glom import GLOM, published
from support.needs import PUBLISHED_WEIGHTS

LONG = "published_weights.npz"
MOST_CHECKS = {
    "mlp.npz": 12,
    "neighbourhood.npz": 3,
    "attention.npz": 6,
    "steps5.npz": 14,
    "full_runs.npz": 24,
    "adam3.npz": 8,
}
"""Quantities compared in each file, at least."""


@pytest.fixture(scope="module")
def glom(golden_dir):
    return golden_dir / "glom"


@pytest.mark.parametrize(
    "name",
    [
        pytest.param(name, marks=[pytest.mark.all] if name == "full_runs.npz" else [])
        for name in sorted(set(GLOM.files) - {LONG})
    ],
)
def test_replay(glom, name):
    (result,) = verify(glom / name)
    assert result.outcome is Outcome.PASSED, f"{result.message} {result.worst}"
    assert len(result.checks) >= MOST_CHECKS[name]
    assert all(check.tolerance <= 1e-10 for check in result.checks)


needs_weights = pytest.mark.needs("MNIST", "GLOM's published weights")


@needs_weights
def test_published_weights_on_two_images(tmp_path):
    """The first two of the fifty images; the others are `make test-all`'s."""
    dataset = published._mnist(Context())
    stored = dict(np.load(PUBLISHED_WEIGHTS))
    for name in ("vote_counts_50", "vote_50", "labels_50"):
        stored[name] = stored[name][:2]
    targets = np.eye(10)[stored["labels_50"]][:, None, None]
    stored["loss_50"] = np.mean((stored["final_top_first2"] - targets) ** 2)
    np.savez(tmp_path / LONG, **stored)
    with double_precision():
        archive = Archive(tmp_path / LONG)
        checks = list(
            published.replay_first_images(archive, dataset.test_inputs, dataset.test_targets)
        )
    assert [check.quantity for check in checks if not check.passed] == []
    assert len(checks) == 5


@pytest.mark.all
@needs_weights
def test_published_weights_on_all_test_images():
    (result,) = verify(PUBLISHED_WEIGHTS)
    assert result.outcome is Outcome.PASSED, f"{result.message} {result.worst}"
    assert "accuracy on the test images" in [check.quantity for check in result.checks]


def test_without_data_the_long_replay_is_skipped(glom, tmp_path, monkeypatch):
    for name in ("LATTICEWORK_DATA", "XDG_CACHE_HOME", "LATTICEWORK_CACHE", "HOME"):
        monkeypatch.setenv(name, str(tmp_path))
    (tmp_path / "glom").mkdir()
    names = dict.fromkeys(("vote_counts_50", "final_top_first2"), np.zeros(1))
    np.savez(tmp_path / "glom" / LONG, **names)
    (result,) = verify(tmp_path / "glom" / LONG, Context())
    assert result.outcome is Outcome.SKIPPED
    assert "it reads MNIST, which is not here" in result.message


def test_one_wrong_entry_is_found(glom, tmp_path):
    stored = {name: value.copy() for name, value in np.load(glom / "mlp.npz").items()}
    stored["grad_W2"][3, 4] += 1e-8
    np.savez(tmp_path / "mlp.npz", **stored)
    (tmp_path / "glom").mkdir()
    (tmp_path / "mlp.npz").rename(tmp_path / "glom" / "mlp.npz")
    (result,) = verify(tmp_path / "glom" / "mlp.npz")
    assert [check.quantity for check in result.checks if not check.passed] == ["grad_W2"]


def test_only_the_published_weights_may_be_lacking(glom, tmp_path):
    shutil.copytree(glom, tmp_path / "glom")
    (tmp_path / "glom" / "mlp.npz").unlink()
    for name in set(GLOM.files) - {"neighbourhood.npz", "mlp.npz", LONG}:
        (tmp_path / "glom" / name).write_bytes(b"")
    results = {result.case: result for result in verify(tmp_path)}
    assert "mlp.npz is missing from" in results["glom/mlp"].message
    assert f"glom/{LONG.removesuffix('.npz')}" not in results
