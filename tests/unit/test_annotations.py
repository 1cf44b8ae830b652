"""The annotations of the package are true, shapes included."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

TESTS = Path(__file__).resolve().parents[1]
CHECKED = "from support.annotations import check_annotations; check_annotations(); "
EVERYTHING = "from support.every_annotation import main; main()"
BROKEN = """
import jax.numpy as jnp
from latticework.core.loss import cross_entropy
cross_entropy(jnp.zeros((2, 3)), jnp.zeros(2))
"""


def run(program: str) -> subprocess.CompletedProcess:
    environment = {**os.environ, "PYTHONPATH": str(TESTS), "JAX_PLATFORMS": "cpu"}
    return subprocess.run(
        [sys.executable, "-c", CHECKED + program],
        capture_output=True,
        text=True,
        env=environment,
        check=False,
    )


@pytest.mark.all
def test_every_module_imports_checked_and_learners_are_called_as_they_say():
    done = run(EVERYTHING)
    assert done.returncode == 0, done.stderr[-4000:]
    assert "learners traced" in done.stdout


def test_a_call_of_another_type_than_annotated_is_found():
    done = run(BROKEN)
    assert done.returncode != 0
    assert "Type-check error whilst checking the parameters of latticework.core.loss" in done.stderr
