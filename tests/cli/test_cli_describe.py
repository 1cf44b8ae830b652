"""`latticework describe`."""

import pytest
from cli_support import SIZES, call

from latticework.recipes import RECIPES, LeakyRecipe


def test_the_published_grid():
    found = call("describe", "grid-snap1-adam", "--json").json
    assert found["sizes"] == {
        "cells": 280,
        "edges": 522,
        "channels": 28,
        "classes": 10,
        "slots": 2,
        "depth": 36,
    }
    assert found["parameters"] == {"log_tau": 280, "weight": 560, "bias": 280}
    rules = {rule["rule"]: rule for rule in found["rules"]}
    assert set(rules) == {"bptt", "rtrl", "hop_trace 0", "hop_trace 1", "hop_trace 2"}
    # A trace per parameter and kept pair; every cell has four parameters, 522 pairs are one apart.
    assert rules["hop_trace 0"]["memory"] == 4
    assert rules["hop_trace 1"]["memory"] == pytest.approx(4 * (280 + 522) / 280)
    assert [rule["rule"] for rule in found["rules"] if rule["is_own"]] == ["hop_trace 1"]
    assert {name for name, rule in rules.items() if rule["is_exact"]} == {"bptt", "rtrl"}
    assert sum(kernel["is_chosen"] for kernel in found["kernels"]) == 1


def test_on_the_diagonal_self_traces_are_exact():
    rules = call("describe", "diagonal-rtrl", "--json").json["rules"]
    assert all(rule["is_exact"] for rule in rules)


def test_broadcast_is_listed_beside_the_usual_rules():
    rules = call("describe", "grid-snap1-broadcast", "--json").json["rules"]
    own = [rule for rule in rules if rule["is_own"]]
    assert [rule["rule"] for rule in own] == ["hop_trace 1, broadcast"]
    assert not own[0]["is_exact"]


def test_overrides_count():
    found = call("describe", "synthetic-snap1", *SIZES, "--rule.hops", "3", "--json").json
    assert found["sizes"]["cells"] == 12
    assert found["num_steps"] == 12
    assert [rule["rule"] for rule in found["rules"] if rule["is_own"]] == ["hop_trace 3"]


def test_a_rule_can_be_chosen_by_name():
    found = call("describe", "grid-snap1-adam", "--rule", "bptt", "--json").json
    assert [rule["rule"] for rule in found["rules"] if rule["is_own"]] == ["bptt"]


@pytest.mark.parametrize("name", RECIPES)
def test_text(name):
    said = call("describe", name)
    recipe = RECIPES[name]
    assert said.status == 0
    assert f"{recipe.num_parameters:,} parameters" in said.out
    assert f"source: {recipe.source}" in said.out
    assert "published accuracy" in said.out
    if isinstance(recipe, LeakyRecipe):
        for what in ("Memory for learning", "Kernels", "in use", "r0"):
            assert what in said.out
