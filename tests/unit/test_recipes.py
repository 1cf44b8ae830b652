"""Recipes: they are whole, they survive JSON, and pieces that do not fit are refused."""

import dataclasses
import json

import pytest

from latticework.recipes import RECIPES, LeakyRecipe, WaveRecipe, from_json, recipe, to_json
from latticework.rules import Bptt, HopTrace
from latticework.tasks import RowImage
from latticework.topologies import Grid, Tree
from latticework.train import OptimiserConfig, StagingConfig, TrainingConfig
from latticework.train.fingerprint import first_difference


@pytest.mark.parametrize("name", RECIPES)
def test_every_recipe_fits_together(name: str) -> None:
    one = recipe(name)
    one.check()
    assert one.name == name
    assert one.summary and one.source


@pytest.mark.parametrize("name", RECIPES)
def test_every_recipe_survives_json(name: str) -> None:
    stored = json.loads(json.dumps(to_json(recipe(name))))
    assert from_json(stored) == recipe(name)


def test_published_sizes() -> None:
    assert recipe("grid-snap1-adam").network().num_parameters == 1120
    assert recipe("tree-bptt").network().num_parameters == 1080
    assert recipe("tree-bptt").network().wiring.num_cells == 270


def test_a_recipe_with_a_new_rule_survives_json() -> None:
    changed = dataclasses.replace(recipe("grid-snap1-adam"), rule=HopTrace(hops=3), loss="per_t")
    assert from_json(json.loads(json.dumps(to_json(changed)))) == changed
    assert from_json(to_json(changed)) != recipe("grid-snap1-adam")


def test_unknown_recipe_names_the_nearest() -> None:
    with pytest.raises(ValueError, match="did you mean 'grid-bptt'"):
        recipe("grid-bpt")


def _stored(**changes) -> dict:
    return {**to_json(recipe("grid-snap1-adam")), **changes}


def test_unknown_kind_and_field_are_refused() -> None:
    with pytest.raises(ValueError, match="no kind of recipe part named 'topology/torus'"):
        from_json(_stored(topology={"kind": "topology/torus"}))
    with pytest.raises(ValueError, match="has no field 'colour'"):
        from_json(_stored(colour="red"))


def test_a_topology_that_does_not_fit_the_data() -> None:
    grid = recipe("grid-snap1-adam")
    with pytest.raises(ValueError, match="28 channels, but this Grid takes 20"):
        dataclasses.replace(grid, topology=Grid(20, 10)).check()
    with pytest.raises(ValueError, match="10 classes, but this Tree reads 3"):
        dataclasses.replace(grid, topology=Tree(num_classes=3)).check()
    dataclasses.replace(grid, topology=Grid(20, 10), task=RowImage(channels=20)).check()


def test_parts_are_compared_by_value() -> None:
    made = LeakyRecipe("x", "y", "z", rule=Bptt(), optimiser=OptimiserConfig(learning_rate=0.1))
    assert from_json(to_json(made)) == made


def test_a_temporal_network_stores_no_optimiser_and_an_old_one_is_read_without() -> None:
    one = recipe("tnn-v2")
    stored = to_json(one)
    assert not {"optimiser", "training"} & stored.keys()
    staging = stored.pop("staging")
    old = {
        **stored,
        "optimiser": to_json(OptimiserConfig()),
        "training": to_json(TrainingConfig(eval_batch=staging["batch"], checkpoint_every_s=7.0)),
    }
    read = from_json(json.loads(json.dumps(old)))
    assert isinstance(read, WaveRecipe)
    assert read.staging == StagingConfig(checkpoint_every_s=7.0)
    assert dataclasses.replace(read, staging=StagingConfig()) == one
    # An old run may go on: what is no longer stored decided nothing.
    assert first_difference({"recipe": old}, {"recipe": to_json(read)}) is None
