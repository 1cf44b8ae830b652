"""What a stranger gets: one version, types, a wheel that works without the sources."""

import os
import subprocess
import sys
import tomllib
from importlib import resources
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

import latticework

ROOT = Path(__file__).resolve().parents[2]


def test_the_version_has_one_source():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    assert latticework.__version__ == project["version"]
    assert f"\nversion: {project['version']}\n" in (ROOT / "CITATION.cff").read_text()
    assert f"## {project['version']}" in (ROOT / "CHANGELOG.md").read_text()


def test_the_package_says_that_it_has_types():
    assert (resources.files("latticework") / "py.typed").is_file()


@pytest.mark.slow
def test_a_wheel_works_in_a_bare_environment(tmp_path):
    """Built, installed, and used from an empty folder, without a home and without the sources."""

    def run(*words: object, **more) -> str:
        done = subprocess.run(
            [str(word) for word in words],
            capture_output=True,
            text=True,
            check=False,
            env={"PATH": os.environ["PATH"], "PIP_NO_INPUT": "1", "COLUMNS": "40"},
            **more,
        )
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    run(sys.executable, "-m", "pip", "wheel", "-q", "--no-deps", ROOT, "-w", tmp_path / "dist")
    (wheel,) = (tmp_path / "dist").glob("*.whl")
    run(sys.executable, "-m", "venv", tmp_path / "bare")
    run(tmp_path / "bare/bin/pip", "install", "-q", wheel)
    empty = tmp_path / "empty"
    empty.mkdir()
    program = tmp_path / "bare/bin/latticework"
    digit = np.zeros((60, 60), np.uint8)
    digit[5:40, 10:14] = 255
    Image.fromarray(digit).save(empty / "digit.png")
    assert "all that is essential works" in run(program, "doctor", cwd=empty)
    said = run(program, "train", "synthetic-snap1", "--training.epochs", "1", cwd=empty)
    assert "test accuracy" in said
    assert "as the network gets digit.png" in run(
        program, "predict", "trees", "digit.png", cwd=empty
    )
    where = run(tmp_path / "bare/bin/python", "-c", "import latticework as l; print(l.__file__)")
    assert str(tmp_path / "bare") in where
