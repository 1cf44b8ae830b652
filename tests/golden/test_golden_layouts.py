"""A golden file is known by what it holds, not by its name; other sizes replay as well."""

import shutil

import numpy as np
import pytest

from latticework.topologies import torus
from latticework.verify import Outcome, verify
from latticework.verify.archive import Archive
from latticework.verify.families import layout_of
from latticework.verify.replay import FAMILIES

EVERY = [
    pytest.param(family, name, id=f"{family.name}-{name}")
    for family in FAMILIES
    for name in family.files
    if name not in family.elsewhere
]


@pytest.mark.parametrize(("family", "name"), EVERY)
def test_a_files_arrays_tell_its_layout_and_no_other(golden_dir, family, name):
    names = Archive(golden_dir / family.name / name).names()
    fitting = [
        (other.name, layout.name)
        for other in FAMILIES
        for layout in other.layouts
        if not layout.missing(names)
    ]
    assert fitting == [(family.name, family.files[name].name)]
    assert layout_of(names, FAMILIES) == (family, family.files[name])


@pytest.mark.parametrize(
    "file", ["grid/small_4x4_T1", "rtnn/encoder_table_T8", "rtnn/layer_network", "glom/mlp"]
)
def test_a_renamed_file_replays(golden_dir, tmp_path, file):
    shutil.copy(golden_dir / f"{file}.npz", tmp_path / "mine.npz")
    (result,) = verify(tmp_path)
    assert result.outcome is Outcome.PASSED, result.message
    assert result.case == f"{file.split('/')[0]}/mine"


def test_renamed_sweeps_find_their_inputs_and_activation(golden_dir, tmp_path):
    for number, name in enumerate(("gated_inputs", "gated_relu", "plain_inputs")):
        shutil.copy(golden_dir / "gridnet" / f"{name}.npz", tmp_path / f"{number}.npz")
    (result,) = verify(tmp_path / "1.npz")
    assert result.outcome is Outcome.PASSED, (result.message, result.worst)


def test_a_table_of_another_wave_length_replays(tmp_path):
    """ceil(length pixel / brightest) spikes, by whole numbers."""
    brightest, pixel = np.mgrid[:40, :40]
    counts = -(-12 * pixel // np.maximum(brightest, 1))
    counts = np.where((pixel <= brightest) & (brightest > 0), counts, 255)
    np.savez(tmp_path / "a.npz", count=counts.astype(np.uint8), deviates=np.zeros((0, 2), int))
    (result,) = verify(tmp_path)
    assert result.outcome is Outcome.PASSED, (result.message, result.worst)


def test_images_at_other_wave_lengths_and_crops_replay(tmp_path):
    pixels = np.random.default_rng(0).integers(0, 256, (3, 28, 28)).astype(np.uint8)
    pixels[1, :, :14] = 0

    def counts(shown: np.ndarray, length: int) -> np.ndarray:
        """ceil(length pixel / brightest of the image) spikes, by whole numbers."""
        most = shown.reshape(len(shown), -1).max(axis=1).astype(int)[:, None, None]
        return -(-length * shown.astype(int) // most)

    train = np.arange(11)[:, None] >= 11 - counts(pixels, 11)[0, 10]
    arrays = {
        "count_T11": counts(pixels, 11),
        "count_T5": counts(pixels, 5),
        "count_crop6_T9": counts(pixels[:, 11:17, 11:17], 9),
        "row_spikes_T11": train.astype(np.uint8),
    }
    np.savez(tmp_path / "a.npz", mnist_train_index=np.arange(3), pixels=pixels, **arrays)
    (result,) = verify(tmp_path)
    assert result.outcome is Outcome.PASSED, (result.message, result.worst)
    arrays["count_T5"][0, 3, 3] += 1
    np.savez(tmp_path / "a.npz", mnist_train_index=np.arange(3), pixels=pixels, **arrays)
    (result,) = verify(tmp_path)
    assert result.outcome is Outcome.FAILED


def test_plasticity_with_another_largest_weight_replays(golden_dir, tmp_path):
    """A change depends on the distance to the bounds alone: the upper half moves with its own."""
    stored = dict(np.load(golden_dir / "rtnn" / "stdp_deterministic.npz"))
    kept = {name: stored[name] for name in ("x_count", "y_count", "T")}
    moved = {
        name.replace("M16", "M20"): array
        for name, array in stored.items()
        if name.startswith("M16") and "binary" not in name and name != "M16_wb0"
    }
    for name in ("M20_w0", "M20_wb0"):
        start = stored[name.replace("20", "16")]
        moved[name] = start + 4 * (start > 8)
    moved["M20_u1111_umin0_binary"] = stored["M16_u1111_umin0_binary"]
    np.savez(tmp_path / "a.npz", **kept, **moved)
    (result,) = verify(tmp_path)
    assert result.outcome is Outcome.PASSED, (result.message, result.worst)


def test_orders_of_other_lengths_replay(tmp_path):
    """Of one example there is one order, which must be asked for by its own length."""
    stored = {"perm1_ep0": np.zeros(1, np.uint16), "perm1_ep1": np.zeros(1, np.uint16)}
    np.savez(tmp_path / "a.npz", **stored)
    (result,) = verify(tmp_path)
    assert result.outcome is Outcome.PASSED, (result.message, result.worst)
    np.savez(tmp_path / "a.npz", **stored | {"perm1_ep1": np.zeros(2, np.uint16)})
    (result,) = verify(tmp_path)
    assert result.outcome is Outcome.FAILED


def test_neighbours_of_other_shapes_replay(tmp_path):
    state = np.random.default_rng(0).normal(size=(2, 3, 6, 3, 5))
    rolled = np.concatenate(
        [np.roll(state, tuple(shift), (1, 2)) for shift in torus.SHIFTS], axis=-1
    )
    np.savez(
        tmp_path / "a.npz",
        state=state,
        concat=rolled,
        roll_shifts=torus.SHIFTS,
        neighbour_offsets=-torus.SHIFTS,
    )
    (result,) = verify(tmp_path)
    assert result.outcome is Outcome.PASSED, (result.message, result.worst)


def test_an_unknown_layout_says_what_is_missing_from_the_nearest(golden_dir, tmp_path):
    stored = dict(np.load(golden_dir / "grid" / "small_4x4_T1.npz"))
    np.savez(tmp_path / "a.npz", **{n: v for n, v in stored.items() if n != "msg_sum"})
    (result,) = verify(tmp_path)
    assert result.outcome is Outcome.FAILED
    assert "nearest is 'grid steps of a small grid', for which it lacks msg_sum" in result.message
    assert "gridnet model" in result.message
    assert "\n" not in result.message
