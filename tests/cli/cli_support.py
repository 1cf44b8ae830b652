"""A recipe small enough to train in seconds, and calling the command line in this process."""

import contextlib
import io
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import safetensors.numpy

from latticework.cli.main import main
from latticework.train import checkpoint

NAME = "synthetic-snap1"
SIZES = [
    *("--task.num-classes", "3", "--task.num-channels", "4", "--task.num-steps", "12"),
    *("--topology.rows", "4", "--topology.cols", "3"),
]
DATA = ["--task.num-train", "120", "--task.num-test", "60"]
TRAINING = ["--training.epochs", "2", "--training.batch-size", "20"]
SMALL = [NAME, *SIZES, *DATA, *TRAINING]


class Said(NamedTuple):
    """What a command returned and printed."""

    status: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        """Standard output as exactly one JSON value."""
        return json.loads(self.out)


def call(*argv: object) -> Said:
    """Run `latticework ARGV` in this process."""
    out, err = io.StringIO(), io.StringIO()
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        try:
            status = main([str(word) for word in argv])
        except SystemExit as stop:
            status = int(stop.code or 0)
    return Said(status, out.getvalue(), err.getvalue())


def refuse(*argv: object) -> str:
    """The sentence with which `latticework ARGV` fails: no traceback, nothing else."""
    said = call(*argv)
    assert said.status == 2, said
    assert said.err.startswith("latticework: ") and said.err.count("\n") == 1, said.err
    return said.err


def rewrite_meta(path: Path, edit: Callable[[dict[str, Any]], None]) -> None:
    """Write a checkpoint again with its metadata as `edit` leaves them."""
    meta = checkpoint.read_meta(path)
    edit(meta)
    tree: dict[str, Any] = {}
    for name, value in safetensors.numpy.load_file(path).items():
        *way, last = name.split("/")
        part = tree
        for step in way:
            part = part.setdefault(step, {})
        part[last] = value
    checkpoint.save(path, tree, meta)
