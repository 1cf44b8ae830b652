"""The derivations are executed: every code cell runs and every assertion in it holds."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

NOTEBOOKS = sorted((Path(__file__).resolve().parents[2] / "docs/derivations").glob("*.ipynb"))


def code(path: Path) -> str:
    cells = json.loads(path.read_text())["cells"]
    return "\n\n".join("".join(c["source"]) for c in cells if c["cell_type"] == "code")


def test_there_are_four():
    assert len(NOTEBOOKS) == 4


@pytest.mark.all
@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_it_holds(path, tmp_path):
    """In a process of its own, since the tests' strict types are not a reader's."""
    script = tmp_path / f"{path.stem}.py"
    script.write_text(code(path))
    assert script.read_text().count("assert ") >= 3
    environment = {**os.environ, "JAX_PLATFORMS": "cpu"}
    done = subprocess.run(
        [sys.executable, "-W", "error::SyntaxWarning", str(script)],
        capture_output=True,
        text=True,
        timeout=1800,
        check=False,
        env=environment,
    )
    assert done.returncode == 0, done.stdout[-2000:] + done.stderr[-3000:]
    assert done.stdout.strip()
