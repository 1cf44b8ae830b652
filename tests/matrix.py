"""Tries the package under every Python and JAX that is claimed and can be had: `make matrix`.

Each pair gets a virtual environment below build/matrix, the package without its compiled kernels,
and the tests of FEW. What cannot be tried is said, with the reason. The status is not 0 when a
pair that could be tried fails.
"""

import os
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
FOLDER = ROOT / "build" / "matrix"
PYTHONS = ("3.11", "3.12", "3.13", "3.14")
OLDEST = ("jax==0.6.0", "jaxlib==0.6.0")
TESTED_WITH = ("pytest", "hypothesis", "grain", "beartype", "sympy")
FEW = (
    "tests/cli/test_cli_main.py",
    "tests/cli/test_cli_runs.py",
    "tests/contract/test_cell_contract.py",
    "tests/oracle/test_exactness.py",
    "tests/unit/test_own_pictures.py",
    "tests/unit/test_train_loop.py",
)


def interpreter(version: str) -> str | None:
    """A Python of a version: from PATH, or from pyenv."""
    found = shutil.which(f"python{version}")
    if found is not None:  # pyenv puts a name there for every version that is not chosen too
        done = subprocess.run([found, "-c", ""], capture_output=True, check=False)
        if done.returncode == 0:
            return found
    root = Path(os.environ.get("PYENV_ROOT", Path.home() / ".pyenv"))
    kept = sorted(root.glob(f"versions/{version}.*/bin/python"))
    return str(kept[-1]) if kept else None


def tried(version: str, jax: str, python: str) -> str:
    """What came of one pair: "" when all is well."""
    place = FOLDER / f"{version}-{jax}"
    steps = [
        [python, "-m", "venv", str(place)],
        [str(place / "bin/pip"), "install", "-q", *TESTED_WITH, str(ROOT)],
        *([[str(place / "bin/pip"), "install", "-q", *OLDEST]] if jax == "oldest" else []),
        [str(place / "bin/python"), "-m", "pytest", "-q", "-x", "-p", "no:cacheprovider", *FEW],
    ]
    environment = {**os.environ, "SKBUILD_WHEEL_CMAKE": "false", "JAX_PLATFORMS": "cpu"}
    for step in steps:
        done = subprocess.run(
            step, cwd=ROOT, env=environment, capture_output=True, text=True, check=False
        )
        if done.returncode:
            last = (done.stdout + done.stderr).strip().splitlines()[-12:]
            return "\n  ".join([f"{' '.join(step[:4])} ... failed:", *last])
    return ""


def main(chosen: list[str]) -> int:
    """Try what can be tried, or the versions named; print a line for each."""
    failed = 0
    for version in chosen or PYTHONS:
        python = interpreter(version)
        for jax in ("newest", "oldest"):
            name = f"Python {version}, {jax} JAX"
            if python is None:
                print(f"{name}: not tried, there is no such Python here", flush=True)
            elif jax == "oldest" and version != PYTHONS[0]:
                continue  # older releases have no wheels for newer Pythons
            else:
                wrong = tried(version, jax, python)
                failed += bool(wrong)
                print(f"{name}: {wrong or 'well'}", flush=True)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
