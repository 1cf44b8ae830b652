"""Hooks of pytest: a test says by the mark `needs` what it needs that not every machine has.

Where that is lacking the test is not collected, and the summary says once what is lacking.
"""

import functools
import os
import shutil
import subprocess
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from latticework.core.places import cache_folder
from latticework.kernels.extension import extension

BESIDE = Path(__file__).resolve().parents[3] / "shared"
"""A folder beside the checkout, with what cannot be in it."""

PUBLISHED_WEIGHTS = BESIDE / "golden" / "glom" / "published_weights.npz"
"""The weights that GLOM's author published, in a repository without a licence."""


def data_folders(name: str) -> list[Path]:
    """Where the files of a data set may be without a network."""
    named = os.environ.get("LATTICEWORK_DATA")
    own = [Path(named) / name, Path(named)] if named else []
    return [*own, cache_folder() / name]


def _has_data(name: str) -> bool:
    return any(any(folder.glob("t10k-images*")) for folder in data_folders(name))


def small_disk(folder: str | Path) -> bool:
    """Mount a disk of 64 kB at `folder`; whether that could be done."""
    mount = shutil.which("mount")
    if os.name == "nt" or os.geteuid() != 0 or mount is None:
        return False
    done = subprocess.run(
        [mount, "-t", "tmpfs", "-o", "size=64k", "tmpfs", folder], capture_output=True, check=False
    )
    return done.returncode == 0


def _may_mount() -> bool:
    with tempfile.TemporaryDirectory() as folder:
        if not small_disk(folder):
            return False
        subprocess.run(["umount", folder], check=True)
        return True


@dataclass(frozen=True)
class Need:
    """Whether something is here, and how it would be had."""

    is_here: Callable[[], bool]
    how: str


NEEDS = {
    "MNIST": Need(lambda: _has_data("mnist"), "set LATTICEWORK_DATA to the folder above mnist/"),
    "Fashion-MNIST": Need(
        lambda: _has_data("fashion-mnist"),
        "set LATTICEWORK_DATA to the folder above fashion-mnist/",
    ),
    "compiled kernels": Need(
        lambda: not isinstance(extension(), str), "latticework doctor says why there are none"
    ),
    "g++": Need(
        lambda: shutil.which("g++") is not None,
        "the CUDA kernels are compiled for threads in turns",
    ),
    "a small disk": Need(_may_mount, "only root may mount one"),
    "GLOM's published weights": Need(
        PUBLISHED_WEIGHTS.is_file, "they are not of this repository, since theirs has no licence"
    ),
}


@functools.cache
def _is_here(name: str) -> bool:
    return NEEDS[name].is_here()


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leave out the tests whose needs are not met."""
    kept, left_out = [], []
    for item in items:
        wanted = [name for mark in item.iter_markers("needs") for name in mark.args]
        (kept if all(_is_here(name) for name in wanted) else left_out).append(item)
    if left_out:
        items[:] = kept
        config.hook.pytest_deselected(items=left_out)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """What is lacking, one line each."""
    for name, need in NEEDS.items():
        if not _is_here(name):
            terminalreporter.write_line(
                f"not here, so what needs it is not run: {name}; {need.how}"
            )
