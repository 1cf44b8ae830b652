"""What all commands share: help, versions, JSON, unknown names."""

import pytest
from cli_support import call, refuse

from latticework.cli.main import COMMANDS

NEEDS_A_NAME = {"describe", "train", "gradcheck"}


def test_usage_names_every_command():
    said = call("--help")
    assert said.status == 0
    for name in COMMANDS:
        assert f"  {name} " in said.out


def test_no_command_is_a_usage_error():
    said = call()
    assert said.status == 2
    assert "usage: latticework COMMAND" in said.out


def test_version():
    assert call("--version").out.startswith("latticework ")


@pytest.mark.parametrize("command", COMMANDS)
def test_help(command):
    name = ["grid-snap1-adam"] if command in NEEDS_A_NAME else []
    said = call(command, *name, "--help")
    assert said.status == 0
    assert f"usage: latticework {command}" in said.out
    assert "--json" in said.out


@pytest.mark.parametrize(
    "argv",
    [
        ("list",),
        ("describe", "grid-snap1-adam"),
        ("data", "--offline"),
        ("doctor", "--offline"),
    ],
    ids=lambda argv: argv[0],
)
def test_json_is_one_value(argv):
    said = call(*argv, "--json")
    assert said.status == 0
    assert said.json
    assert said.out.count("\n") == 1
    assert said.err == ""


def test_list_has_every_recipe():
    from latticework.recipes import RECIPES

    said = call("list")
    assert [line.split()[0] for line in said.out.splitlines() if "-" in line.split()[0]]
    assert [recipe["name"] for recipe in call("list", "--json").json] == list(RECIPES)
    for name in RECIPES:
        assert name in said.out


def test_unknown_command():
    sentence = refuse("trian")
    assert "no command named 'trian'" in sentence
    assert "did you mean 'train'" in sentence


@pytest.mark.parametrize("command", sorted(NEEDS_A_NAME))
def test_unknown_recipe(command):
    sentence = refuse(command, "grid-snap1-adm")
    assert "no recipe named 'grid-snap1-adm'; did you mean 'grid-snap1-adam'?" in sentence


@pytest.mark.parametrize("command", sorted(NEEDS_A_NAME))
def test_a_missing_recipe_is_asked_for(command):
    assert f"{command} needs a recipe" in refuse(command)


def test_unknown_option():
    assert "--nonsense" in refuse("train", "synthetic-snap1", "--nonsense")
