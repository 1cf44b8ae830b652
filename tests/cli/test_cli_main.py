"""What all commands share: help, versions, JSON, unknown names."""

import contextlib

import pytest
from cli_support import SMALL, call, refuse

from latticework.cli.main import COMMANDS
from latticework.cli.options import settled_words

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
    said = call(command, "--help")
    assert said.status == 0
    assert f"usage: latticework {command}" in said.out
    assert command == "completion" or "--json" in said.out


@pytest.mark.parametrize("command", sorted(NEEDS_A_NAME))
def test_help_of_a_recipe_is_short_and_help_all_is_whole(command, monkeypatch):
    monkeypatch.setenv("COLUMNS", "60")
    said = call(command, "grid-snap1-adam", "--help")
    lines = said.out.splitlines()
    assert said.status == 0 and len(lines) < 80
    options = [line for line in lines if line.startswith("  ")]
    assert max(map(len, options)) <= 60 and "hop_trace" in said.out
    assert any(line.split() == ["--optimiser.learning-rate", "0.003"] for line in options)
    monkeypatch.setenv("COLUMNS", "100")
    whole = call(command, "grid-snap1-adam", "--help-all")
    assert whole.status == 0 and "--optimiser.learning-rate" in whole.out
    assert len(whole.out.splitlines()) > 100


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


@pytest.mark.parametrize(
    ("option", "meant"),
    [
        ("--optimiser.lr", "--optimiser.learning-rate"),
        ("--lr", "--optimiser.learning-rate"),
        ("--epochs", "--training.epochs"),
        ("--trainin.epochs", "--training.epochs"),
        ("--run_dri", "--run-dir"),
    ],
)
def test_a_mistyped_option_is_answered_with_the_one_that_is_meant(option, meant):
    sentence = refuse("train", "synthetic-snap1", option, "3")
    assert f"did you mean {meant}? latticework train synthetic-snap1 --help-all" in sentence


@pytest.mark.parametrize(
    ("axis", "name", "fits"),
    [
        ("cell", "gated_neighbour_mix", "leaky_tanh"),
        ("topology", "lattice", "grid, tree, "),
        ("readout", "slab_linear", "port_sum"),
    ],
)
@pytest.mark.parametrize("more", [(), ("--json",)])
def test_a_part_that_does_not_fit(axis, name, fits, more):
    sentence = refuse("train", "synthetic-snap1", f"--{axis}", name, *more)
    assert f"the {axis} {name} does not fit synthetic-snap1; those that do: {fits}" in sentence


def test_every_part_fits_or_is_refused():
    """Of a recipe of each kind: nothing but ValueError comes of choosing any part by name."""
    from latticework.cli.arguments import AXES, choose_axes
    from latticework.recipes import RECIPES

    kinds = {type(recipe): recipe for recipe in RECIPES.values()}
    for recipe in kinds.values():
        for axis, registry in AXES.items():
            for name in registry:
                with contextlib.suppress(ValueError):
                    chosen, _ = choose_axes(recipe, [f"--{axis}", name])
                    chosen.check()


def test_few_of_many_recipes_are_named():
    sentence = refuse("train", "grid-snap1-adm")
    assert "Nearest of" in sentence and "tree" not in sentence


def test_an_empty_word_is_no_folder():
    for words in (("--run-dir", ""), ("--run-dir=",)):
        assert "the word after --run-dir is empty" in refuse("train", "synthetic-snap1", *words)


def test_a_tilde_is_the_home_folder(monkeypatch, tmp_path):
    monkeypatch.setenv("HOME", str(tmp_path))
    for words in (("~/x.png",), ("--png=~/x.png",)):
        assert settled_words(words)[0].endswith(f"{tmp_path}/x.png")
    assert settled_words(["a~b", "x=~/y"]) == ["a~b", "x=~/y"]


def test_columns_are_honoured_in_a_pipe(monkeypatch):
    monkeypatch.setenv("COLUMNS", "60")
    assert max(map(len, call("list").out.splitlines())) <= 60


def test_completion():
    said = call("completion", "bash")
    assert said.status == 0
    assert "predict" in said.out and "run-dir" in said.out


@pytest.mark.parametrize(
    ("name", "value", "expected"),
    [
        ("LATTICEWORK_THREADS", "abc", "LATTICEWORK_THREADS is 'abc'; expected a whole number"),
        ("JAX_PLATFORMS", "CPU", "JAX_PLATFORMS is 'CPU'; JAX knows small letters alone: cpu"),
    ],
)
def test_a_variable_that_means_nothing(monkeypatch, name, value, expected):
    monkeypatch.setenv(name, value)
    assert expected in refuse("list")
    said = call("doctor", "--offline")
    assert said.status == 1 and expected in said.out


def test_doctor_lists_what_is_set(monkeypatch):
    monkeypatch.setenv("LATTICEWORK_WHATEVER", "x")
    assert "LATTICEWORK_WHATEVER=x" in call("doctor", "--offline").out


def test_a_library_that_cannot_be_loaded(monkeypatch):
    def fails(name):
        raise RuntimeError("This version of jaxlib was built using AVX instructions")

    monkeypatch.setattr("latticework.cli.main.importlib.import_module", fails)
    assert "this processor lacks AVX" in refuse("list")
    told = call("doctor")
    assert told.status == 1 and "BROKEN  libraries" in told.out
    assert call("doctor", "--json").json["well"] is False


def test_a_device_that_is_not_there(monkeypatch):
    def none(*_):
        raise RuntimeError("Unable to initialize backend 'cuda'")

    monkeypatch.setenv("JAX_PLATFORMS", "cuda")
    monkeypatch.setattr("jax.devices", none)
    monkeypatch.setattr("latticework.cli.list.main", none)
    assert "JAX cannot start on JAX_PLATFORMS=cuda" in refuse("list")


def test_a_browser_of_the_terminal_is_left_alone(monkeypatch):
    import webbrowser

    from latticework.cli.demo import _open

    warned, started = [], []
    monkeypatch.setattr("latticework.core.side_work.warn", warned.append)
    monkeypatch.setattr("webbrowser.get", lambda: webbrowser.GenericBrowser("w3m"))
    _open("http://here/")
    assert "w3m is a program for the terminal" in warned[0]
    monkeypatch.setattr("webbrowser.get", lambda: webbrowser.GenericBrowser(["curl", "%s"]))
    monkeypatch.setattr("subprocess.Popen", lambda words, **_: started.append(words))
    _open("http://here/")
    assert started == [["curl", "http://here/"]]


def test_quiet_prints_the_result_alone():
    said = call("train", *SMALL, "--quiet", "--no-pictures", "--run-dir", "run")
    assert said.status == 0 and said.out.startswith("test accuracy")
    assert len(said.out.splitlines()) <= 3 and "epoch" not in said.out
