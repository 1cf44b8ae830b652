"""`latticework completion SHELL`: a script that completes commands and options."""

import dataclasses
import importlib
from collections.abc import Sequence
from typing import Any, Literal

import tyro

from latticework.cli.arguments import parse
from latticework.recipes import RECIPES

OF_A_RECIPE = ("train", "describe", "gradcheck")
OTHERS = ("evaluate", "predict", "bench", "data", "demo", "doctor", "export", "report", "verify")


@dataclasses.dataclass(frozen=True)
class CompletionOptions:
    """A script for your shell that completes commands and options.

    For bash: latticework completion bash > ~/.local/share/bash-completion/completions/latticework

    Args:
        shell: whose script.
    """

    shell: tyro.conf.Positional[Literal["bash", "zsh", "tcsh"]]


def main(argv: Sequence[str]) -> int:
    """Print the script."""
    options = parse(CompletionOptions, argv, "completion")
    kinds = {name: _without_recipe(_options_of(name)) for name in OF_A_RECIPE}
    kinds |= {name: _options_of(name) for name in OTHERS}
    words = ["--tyro-print-completion", options.shell]
    try:
        tyro.extras.subcommand_cli_from_dict(kinds, prog="latticework", args=words)
    except SystemExit as stop:
        return int(stop.code or 0)
    return 0


def _options_of(command: str) -> type:
    module = importlib.import_module(f"latticework.cli.{command}")
    return getattr(module, f"{command.capitalize()}Options")


def _without_recipe(kind: type) -> type:
    """The options of a command with its recipe by name alone."""
    name = tyro.conf.Positional[Literal[tuple(RECIPES)]]  # pyright: ignore
    kept = [(f.name, f.type, f) for f in dataclasses.fields(kind) if f.name != "recipe"]
    fields: list[Any] = [("recipe", name), *kept]
    return dataclasses.make_dataclass(kind.__name__, fields, frozen=True)
