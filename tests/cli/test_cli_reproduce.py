"""`latticework reproduce`: which recipes run, what is printed, what is saved."""

import dataclasses
import json
import signal

import pytest
from cli_support import call, refuse

from latticework.cli import reproduce
from latticework.recipes import LENGTHY, RECIPES, read_recipe, recipe
from latticework.tasks import Bump
from latticework.topologies import Grid
from latticework.train import SilentProgress, TrainingConfig


@pytest.fixture(autouse=True)
def one_small_recipe(monkeypatch):
    small = dataclasses.replace(
        recipe("synthetic-snap1"),
        task=Bump(num_classes=3, num_channels=4, num_steps=12, num_train=120, num_test=60),
        topology=Grid(4, 3),
        training=TrainingConfig(epochs=2, batch_size=20),
    )
    chosen = {"synthetic-snap1": small, LENGTHY[0]: recipe(LENGTHY[0])}
    monkeypatch.setattr(reproduce, "RECIPES", chosen)
    monkeypatch.setattr(reproduce, "recipe", lambda name: chosen.get(name) or recipe(name))


def test_all_but_the_lengthy_ones():
    said = call("reproduce", "--seeds", "2")
    assert said.status == 0, said
    assert "left out" in said.out and LENGTHY[0] in said.out
    assert "synthetic-snap1: " in said.out and f"{LENGTHY[0]}: " not in said.out
    assert set(LENGTHY) < set(RECIPES)


def test_what_is_saved_is_what_is_said(tmp_path):
    said = call("reproduce", "synthetic-snap1", "--seeds", "2", "--save", tmp_path, "--json")
    (result,) = said.json
    stored = json.loads((tmp_path / "results/runs/synthetic-snap1.json").read_text())
    assert stored["record"]["test_accuracy"] == result["test_accuracy"]
    assert result["name"] == "synthetic-snap1" and len(result["per_seed"]) == 2
    assert stored["recipe"]["training"]["epochs"] == 2


def test_bad_input_is_one_sentence():
    assert "--seeds is 0" in refuse("reproduce", "synthetic-snap1", "--seeds", "0")
    assert "grid-snap1" in refuse("reproduce", "grid-snap")


def test_ctrl_c_begins_no_other_recipe_and_says_how_to_go_on(monkeypatch, tmp_path):
    class Impatient(SilentProgress):
        def moment(self, moment) -> None:
            signal.raise_signal(signal.SIGINT)

    monkeypatch.setattr("latticework.cli.reproduce.choose_progress", lambda *_, **__: Impatient())
    said = call("reproduce", "synthetic-snap1", "tree-best", "--seeds", "2", "--offline")
    assert said.status == 130
    (folder,) = (tmp_path / "runs").iterdir()
    assert said.err == (
        f"go on with: latticework train --resume runs/{folder.name} --offline --no-pictures && "
        "latticework reproduce tree-best --seeds 2 --offline\n"
    )
    assert read_recipe(folder)[1] == (0, 1)
