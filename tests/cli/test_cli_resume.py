"""`latticework train --resume`: the run goes on as what it was, or says what it is not."""

import json
import shutil
from pathlib import Path

import pytest
from cli_support import SMALL, call, refuse, rewrite_meta

from latticework.kernels.extension import why_unavailable


@pytest.fixture
def begun(trained, tmp_path) -> Path:
    """A copy of a run of two seeds and two epochs."""
    return Path(shutil.copytree(trained[0], tmp_path / "run"))


def edit(folder: Path, place: str, value: object) -> None:
    """Write `value` into recipe.json, as with an editor."""
    stored = json.loads((folder / "recipe.json").read_text())
    part = stored
    *way, last = place.split(".")
    for name in way:
        part = part[name]
    part[last] = value
    (folder / "recipe.json").write_text(json.dumps(stored))


@pytest.mark.parametrize(
    ("place", "value", "said"),
    [
        ("recipe.task.noise_std", 0.5, "task.noise_std was"),
        ("recipe.cell.dt", 0.7, "cell.dt was 0.001 and is now 0.7"),
        ("recipe.rule.hops", 2, "rule.hops was 1 and is now 2"),
        ("recipe.mismatch.seed", 3, "mismatch.seed was 0 and is now 3"),
        ("recipe.loss", "per_t", "loss was"),
        ("recipe.name", "grid-bptt", "name was 'synthetic-snap1' and is now 'grid-bptt'"),
        ("seeds", [0, 2], "seeds was [0, 1] and is now [0, 2]"),
    ],
)
def test_an_edited_recipe_is_refused(begun, place, value, said):
    edit(begun, place, value)
    files = {path: path.read_bytes() for path in begun.iterdir()}
    assert said in refuse("train", "--resume", begun, "--no-pictures")
    assert {path: path.read_bytes() for path in begun.iterdir()} == files


def test_what_may_change_is_printed(begun):
    edit(begun, "recipe.summary", "my run")
    said = call("train", "--resume", begun, "--training.epochs", "3", "--no-pictures")
    assert said.status == 0
    assert "is now 'my run'" in said.out
    assert "note: training.epochs was 2 and is now 3" in said.out
    assert json.loads((begun / "result.json").read_text())["epochs"] == 3


def test_another_kernel_is_taken_when_it_is_named(begun):
    taken = json.loads((begun / "result.json").read_text())["kernel"]
    other = "skewed_adjoint" if taken == "native" else "reference"
    edit(begun, "recipe.kernel", other)
    assert f"say --kernel {other}" in refuse("train", "--resume", begun, "--no-pictures")
    argv = ["train", "--resume", begun, "--training.epochs", "3", "--no-pictures"]
    note = f"kernel changed from {taken} to {other}"
    assert f"note: {note}" in call(*argv, "--kernel", other).out
    result = json.loads((begun / "result.json").read_text())
    assert result["kernel"] == other and result["notes"] == [f"{note} at epoch 3, step 0"]
    lines = [json.loads(line) for line in (begun / "metrics.jsonl").read_text().splitlines()]
    assert [line.get("notes") for line in lines] == [None, None, result["notes"]]
    # From there on it is the run's own, and back again is another change.
    assert call("train", "--resume", begun, "--no-pictures", "--json").json["notes"] == [
        f"{note} at epoch 3, step 0"
    ]
    if why_unavailable() is None:
        assert call(*argv, "--kernel", taken, "--json").json["notes"][1] == (
            f"kernel changed from {other} to {taken} at epoch 4, step 0"
        )


@pytest.mark.parametrize(
    ("argv", "said"),
    [
        (["--seeds", "4"], "--seeds does not go with --resume"),
        (["--seeds=4"], "--seeds does not go with --resume"),
        (["-n", "4"], "-n does not go with --resume"),
        (["--seed", "0"], "--seed does not go with --resume"),
        (["--run-dir", "other"], "goes on with its own folder"),
        (["--run_dir", "other"], "goes on with its own folder"),
        (["--rule.hops", "2"], "rule.hops was 1 and is now 2"),
        (["--rule", "bptt"], "rule.kind was"),
    ],
)
def test_options_beside_resume_are_refused(begun, argv, said):
    assert said in refuse("train", "--resume", begun, "--no-pictures", *argv)


def test_another_name_beside_resume_is_refused(begun):
    said = refuse("train", "grid-bptt", "--resume", begun, "--no-pictures")
    assert "holds a run of synthetic-snap1, not of grid-bptt; leave the name out" in said
    assert call("train", "synthetic-snap1", "--resume", begun, "--no-pictures").status == 0


def test_a_checkpoint_under_another_recipe_is_refused_by_all(begun):
    edit(begun, "recipe.optimiser.name", "sgd")
    said = "optimiser.name was 'adam' and is now 'sgd'"
    assert said in refuse("evaluate", begun)
    assert said in refuse("export", begun)
    assert said in refuse("predict", begun, "x.npy")


def test_a_checkpoint_of_an_earlier_version_is_compared_as_far_as_it_goes(begun):
    path = begun / "checkpoint.safetensors"

    def forget(meta: dict) -> None:
        for name in ("recipe", "layout", "learner", "encode", "random_numbers"):
            del meta["fingerprint"][name]

    rewrite_meta(path, forget)
    old = path.read_bytes()
    assert call("evaluate", begun).status == 0
    assert call("train", "--resume", begun, "--no-pictures").status == 0
    path.write_bytes(old)
    edit(begun, "recipe.optimiser.name", "sgd")
    assert "optimiser.name was 'adam' and is now 'sgd'" in refuse("evaluate", begun)


@pytest.mark.parametrize("file", ["result.json", "metrics.jsonl", "checkpoint.safetensors"])
def test_a_file_of_another_run_is_refused(begun, trained, tmp_path, file):
    assert call("train", *SMALL, "--seeds", "2", "--run-dir", "other", "--no-pictures").status == 0
    shutil.copy(tmp_path / "other" / file, begun / file)
    for command in ("evaluate", "export"):
        assert f"{file} belongs to another run" in refuse(command, begun)


def test_a_result_that_the_run_has_left_behind_is_not_its_own(begun, tmp_path):
    longer = ["--training.epochs", "3", "--no-pictures"]
    old = (begun / "result.json").read_bytes()
    assert call("train", "--resume", begun, *longer).status == 0
    # As after a kill: the checkpoint is of the third epoch, the result of the second.
    (begun / "result.json").write_bytes(old)
    found = call("evaluate", begun, "--json").json
    assert found["epochs"] == 3 and found["recorded"] is None
    assert "older than the checkpoint" in found["recorded_note"]
    assert "note: result.json is older than the checkpoint" in call("evaluate", begun).out
    stored = json.loads(old)
    del stored["position"]  # as an earlier version wrote it
    (begun / "result.json").write_text(json.dumps(stored))
    assert call("evaluate", begun, "--json").json["recorded"] is None


@pytest.mark.parametrize("version", [2, -1, "1", None, True])
def test_a_recipe_of_a_newer_schema_is_refused(begun, version):
    edit(begun, "schema", version)
    for argv in (["train", "--resume", begun, "--no-pictures"], ["evaluate", begun]):
        said = refuse(*argv)
        assert "this version of latticework reads 0 to 1; install a newer" in said
        assert "recipe.json" in said


def test_a_recipe_of_an_earlier_version_has_no_schema(begun):
    stored = json.loads((begun / "recipe.json").read_text())
    del stored["schema"]
    (begun / "recipe.json").write_text(json.dumps(stored))
    assert call("evaluate", begun).status == 0
    assert call("train", "--resume", begun, "--no-pictures").status == 0


def test_times_say_what_they_are(begun):
    said = call("train", "--resume", begun, "--no-pictures").out
    assert "s of training steps" in said and "s with compiling and measuring" in said
    assert "s since this program was started" in said
