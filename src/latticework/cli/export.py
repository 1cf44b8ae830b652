"""`latticework export RUN`: a run as a model that the page and other programs can load."""

import dataclasses
from collections.abc import Sequence
from pathlib import Path

import tyro

from latticework.cli.arguments import parse
from latticework.cli.output import console, print_json
from latticework.demo import ModelFile, export_run
from latticework.recipes import open_run


@dataclasses.dataclass(frozen=True)
class ExportOptions:
    """Write NAME.safetensors (the parameters) and NAME.json (all that is needed to use them).

    Args:
        run: folder of the run.
        seed: which seed's network; the run's first when not given.
        out: folder to write to; RUN/export when not given.
        name: what to call the model; the recipe's name when not given.
        summary: what to say of it; the recipe's summary when not given.
        overwrite: replace files that are there already, of an earlier export say.
        json: print one JSON value and nothing else.
    """

    run: tyro.conf.Positional[Path]
    seed: int | None = None
    out: Path | None = None
    name: str = ""
    summary: str = ""
    overwrite: bool = False
    json: bool = False


def load(run: Path, seed: int | None = None, name: str = "", summary: str = "") -> ModelFile:
    """The model of one seed of a run folder, errors as in `open_run` and `export_run`."""
    opened = open_run(run)
    seed = opened.seeds[0] if seed is None else seed
    opened.params_of(seed)
    if not set(name) <= set("abcdefghijklmnopqrstuvwxyz0123456789-"):
        raise ValueError(f"the name {name!r} must be of small letters, digits and hyphens")
    return export_run(opened, seed, name, summary)


def _own_folder(run: Path) -> Path:
    """RUN/export, which a run from elsewhere may have made a link to somewhere."""
    folder = run / "export"
    if folder.is_symlink():
        raise ValueError(f"{folder} is a link to another folder; name that one with --out")
    return folder


def main(argv: Sequence[str]) -> int:
    """Export and say where."""
    options = parse(ExportOptions, argv, "export")
    model = load(options.run, options.seed, options.name, options.summary)
    paths = model.write(options.out or _own_folder(options.run), overwrite=options.overwrite)
    if options.json:
        print_json({"files": [str(path) for path in paths], "bytes": len(model.weights)})
        return 0
    for path in paths:
        console().print(f"{path}  {path.stat().st_size:,} bytes", soft_wrap=True)
    return 0
