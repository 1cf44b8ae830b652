"""The built page is that of the sources in `web/`, and the sources pass their own tests."""

import hashlib
import json
import shutil
import subprocess
import sys
from importlib import resources
from pathlib import Path

import pytest

WEB = Path(__file__).resolve().parents[2] / "web"
SOURCES = (
    "index.html",
    "package.json",
    "package-lock.json",
    "vite.config.ts",
    "tsconfig.json",
    "src",
)


def test_the_built_page_is_up_to_date():
    """`make web` was run after the last change, and its output committed."""
    found = [WEB / name for name in SOURCES]
    files = [f for path in found for f in ([path] if path.is_file() else path.rglob("*"))]
    names = sorted(f.relative_to(WEB).as_posix() for f in files if f.is_file())
    digest = hashlib.sha256()
    for name in names:
        digest.update(f"{name}\0".encode() + (WEB / name).read_bytes() + b"\0")
    built = resources.files("latticework.demo") / "static" / "sources.json"
    assert json.loads(built.read_text())["sha256"] == digest.hexdigest(), "run `make web`"


def test_the_built_page_is_small():
    static = Path(str(resources.files("latticework.demo") / "static"))
    assert sum(f.stat().st_size for f in static.rglob("*") if f.is_file()) < 400_000


def test_files_are_small():
    long = {
        str(path.relative_to(WEB)): lines
        for path in [*WEB.glob("src/**/*.ts"), *WEB.glob("src/**/*.wgsl")]
        if (lines := len(path.read_text().splitlines())) > 300
    }
    assert long == {}


@pytest.mark.all
def test_the_fixtures_are_what_python_computes():
    """In a process of its own: the other tests' strict promotion has no say in a fixture."""
    script = Path(__file__).with_name("fixtures.py")
    done = subprocess.run(
        [sys.executable, script, "--check"], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr


def test_typescript_and_vitest():
    npm = shutil.which("npm")
    if npm is None or not (WEB / "node_modules").is_dir():
        pytest.skip(
            "no node or no web/node_modules; `make browser` gets what the page's tests need"
        )
    for words in (["run", "check"], ["run", "test"]):
        done = subprocess.run(
            [npm, *words], cwd=WEB, capture_output=True, text=True, timeout=1800, check=False
        )
        assert done.returncode == 0, done.stdout[-4000:] + done.stderr[-4000:]
