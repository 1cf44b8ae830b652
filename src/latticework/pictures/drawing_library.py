"""Imports matplotlib for its canvas alone, whatever the environment says of windows and settings.

Pictures are drawn by its Agg canvas and saved; no window is ever opened. Yet importing matplotlib
fails where MPLBACKEND names a kind of window that is not installed, as notebooks set it for all
that they start, and where a matplotlibrc cannot be read. This module is imported before every other
of `latticework.pictures`.
"""

import contextlib
import importlib
import importlib.util
import logging
import os
import sys
from collections.abc import Iterator
from pathlib import Path

from latticework.core.side_work import reason_of, warn

LOG = logging.getLogger("matplotlib")
_BACKEND = "MPLBACKEND"


def import_matplotlib() -> None:
    """Import matplotlib, unless it is there already.

    Raises:
        ImportError: it is not installed.
    """
    if "matplotlib" in sys.modules:
        return
    backend = os.environ.get(_BACKEND)
    with _variable(_BACKEND, None), _said_in_one_line():
        try:
            matplotlib = importlib.import_module("matplotlib")
        except (OSError, ValueError) as error:
            LOG.warning("settings cannot be read, its own are taken: %s", reason_of(error))
            for name in [name for name in sys.modules if name.partition(".")[0] == "matplotlib"]:
                del sys.modules[name]  # what is half imported
            with _own_settings():
                matplotlib = importlib.import_module("matplotlib")
        importlib.import_module("matplotlib.font_manager")  # looks for its folders
    if backend:
        # For what else draws in this process, a notebook say.
        with contextlib.suppress(ValueError):
            matplotlib.rcParams["backend"] = backend


@contextlib.contextmanager
def _said_in_one_line() -> Iterator[None]:
    """Of what matplotlib says of its settings and folders, warn of the last, which sums it up."""
    said: list[str] = []
    handler = logging.Handler(logging.WARNING)
    handler.emit = lambda record: said.append(record.getMessage())
    propagated, LOG.propagate = LOG.propagate, False
    LOG.addHandler(handler)
    try:
        yield
    finally:
        LOG.removeHandler(handler)
        LOG.propagate = propagated
        if said:
            warn(f"matplotlib: {said[-1]}")


@contextlib.contextmanager
def _own_settings() -> Iterator[None]:
    """Where matplotlib finds only the settings that come with it."""
    spec = importlib.util.find_spec("matplotlib")
    data = Path(spec.origin if spec and spec.origin else ".").parent / "mpl-data"
    # The working folder comes first in its search, then the variable.
    with contextlib.chdir(data), _variable("MATPLOTLIBRC", str(data / "matplotlibrc")):
        yield


@contextlib.contextmanager
def _variable(name: str, value: str | None) -> Iterator[None]:
    """With an environment variable set, or None: without it."""
    before = os.environ.pop(name, None)
    if value is not None:
        os.environ[name] = value
    try:
        yield
    finally:
        os.environ.pop(name, None)
        if before is not None:
            os.environ[name] = before


import_matplotlib()
