"""Where the compiled kernels cannot be had, the first run says so in one line; the rest go on."""

import logging

import jax
import pytest

from latticework.cli.main import main
from latticework.core.side_work import warn_once
from latticework.kernels import (
    choosing,
    extension,
    glom_native,
    native_cube,
    native_kernel,
    wave_native,
)
from latticework.models import LeakyLearner, grid
from latticework.recipes import recipe
from latticework.rules import HopTrace

SENTENCE = "this jaxlib does not take its extension (another version); install the package again"


@pytest.fixture
def without_kernels(monkeypatch):
    """As on a machine whose jaxlib refuses the extension."""
    warn_once.cache_clear()
    monkeypatch.setattr(choosing, "extension", lambda: SENTENCE)
    for module in (glom_native, native_cube, native_kernel, wave_native):
        monkeypatch.setattr(module, "why_unavailable", lambda: SENTENCE)
    yield
    warn_once.cache_clear()


RECIPES = ["grid-snap1-adam", "gridnet-mnist", "glom-mnist", "tnn-v7"]


@pytest.mark.parametrize("name", RECIPES)
def test_the_first_that_falls_back_says_so(name, without_kernels, caplog):
    with caplog.at_level(logging.WARNING, "latticework"):
        for _ in range(2):
            learner = recipe(name).learner()
            assert learner.kernel != "native"
    (record,) = caplog.records
    assert SENTENCE in record.getMessage()
    assert "\n" not in record.getMessage()


def test_a_kernel_that_was_named_is_no_fall_back(without_kernels, caplog):
    LeakyLearner(grid(3, 3), HopTrace(1), kernel_name="reference")
    assert not caplog.records
    with pytest.raises(ValueError, match="'native' does not apply: this jaxlib"):
        LeakyLearner(grid(3, 3), HopTrace(1), kernel_name="native")


def test_the_command_line_says_it_in_one_line(without_kernels, capsys):
    assert main(["describe", "grid-snap1-adam", "--json"]) == 0
    printed = capsys.readouterr()
    (line,) = printed.err.splitlines()
    assert line.startswith("latticework: warning: the compiled kernels cannot be used")
    assert line.endswith(SENTENCE)
    assert main(["doctor", "--json"]) == 0
    assert not capsys.readouterr().err, "doctor has a line of its own"


@pytest.mark.needs("compiled kernels")
def test_an_extension_of_another_interface_is_told_apart(monkeypatch):
    def refuse(*_, **__):
        raise RuntimeError("FFI handler API version 0.3 does not match the framework's 0.1")

    monkeypatch.setattr(jax.ffi, "register_ffi_target", refuse)
    found = extension.extension.__wrapped__()
    assert found.startswith("this jaxlib does not take its extension (FFI handler API version 0.3")
