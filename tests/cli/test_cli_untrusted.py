"""A run folder that somebody else made: it names nothing outside it, and prints as text."""

import dataclasses
import json
import shutil
from pathlib import Path

import pytest
from cli_support import call, refuse

from latticework.recipes import RECIPES, prepare
from latticework.recipes import run as train
from latticework.tasks import DataSource, RowImage

SUMMARY = "\x1b[31m[bold]x[/] :100:"
SHOWN = r"\x1b[31m[bold]x[/] :100:"


@pytest.fixture(scope="module")
def made(tmp_path_factory) -> Path:
    """A folder whose recipe is named after a place elsewhere, beside a file there."""
    folder = tmp_path_factory.mktemp("outside") / "a" / "sy[lr=0.1]"
    base = RECIPES["tree-snap1"]
    training = dataclasses.replace(base.training, epochs=1, train_size=320, eval_subset=None)
    recipe = dataclasses.replace(
        base, name="../../x", summary=SUMMARY, task=RowImage("digits"), training=training
    )
    train(prepare(recipe, DataSource(offline=True)), (0,), run_dir=folder)
    (folder.parents[1] / "x.json").write_text("precious")
    return folder


@pytest.fixture
def run(made, tmp_path) -> Path:
    """A copy of it."""
    return Path(shutil.copytree(made.parents[1], tmp_path / "copy")) / "a" / made.name


def test_export_keeps_to_its_folder_and_overwrites_nothing(run):
    before = {*run.parents[1].rglob("*")}
    said = call("export", run)
    assert said.status == 0 and "sy[lr=0.1]/export/" in said.out
    files = sorted(path.name for path in (run / "export").iterdir())
    assert [Path(name).suffix for name in files] == [".json", ".safetensors"]
    assert (run.parents[1] / "x.json").read_text() == "precious"
    made = {*run.parents[1].rglob("*")} - before - {run / "export"}
    assert {path.parent for path in made} == {run / "export"}
    assert "is there already; export with --overwrite" in refuse("export", run)
    assert call("export", run, "--overwrite", "--json").status == 0


def test_export_follows_no_link_that_came_with_the_run(run, tmp_path):
    (tmp_path / "elsewhere").mkdir()
    (run / "export").symlink_to(tmp_path / "elsewhere")
    assert "is a link to another folder" in refuse("export", run)
    assert list((tmp_path / "elsewhere").iterdir()) == []


def test_names_are_printed_as_they_are(run):
    shutil.copy(Path(__file__).parents[1] / "inputs" / "zero_one.png", "digit[a]:100:.png")
    said = call("predict", run, "digit[a]:100:.png")
    assert said.status == 0 and said.out.startswith("../../x, seed 0")
    assert "digit[a]:100:.png" in said.out
    assert "digit[b].png" in refuse("predict", run, "digit[b].png")
    (run / "recipe.json").write_text(
        (run / "recipe.json").read_text().replace("tree", "\\u001b[9m")
    )
    said = refuse("predict", run, "digit[a]:100:.png")
    assert "\x1b" not in said and r"\x1b[9m" in said


def test_a_summary_is_text(run):
    """The heading of a training: a run that is taken up says its summary first."""
    (run / "metrics.jsonl").write_text("null\n")
    said = call("train", "--resume", run, "--no-pictures")
    assert "\x1b" not in said.out and "[/] :100:" in said.out
    assert said.status == 2 and said.err.count("\n") == 1
    assert SHOWN in said.out


@pytest.mark.parametrize(
    "line", ["null", "[]", "{}", '{"epoch": "1"}', '{"epoch": 0, "per_seed": {"a": ["x"]}}']
)
def test_a_line_of_metrics_that_is_no_record(run, line):
    (run / "metrics.jsonl").write_text(f"{line}\n")
    assert "metrics.jsonl is damaged (line 1: " in refuse("evaluate", run)


@pytest.mark.parametrize("per_seed", ["abc", {"0": 1}, [[0.5]], ["0.5"]])
def test_accuracies_that_are_none(run, per_seed):
    (run / "result.json").write_text(json.dumps({"per_seed": per_seed, "dataset": "digits"}))
    for command in ("evaluate", "export"):
        assert "result.json is damaged (per_seed" in refuse(command, run)


def test_a_picture_that_takes_37_gib_is_refused(run):
    picture = Path(__file__).parents[1] / "inputs" / "line200k.png"
    assert "200,000 x 1 pixels; at most 8,192" in refuse("predict", run, picture)
