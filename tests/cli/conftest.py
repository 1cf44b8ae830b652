"""Every command runs in an empty folder, with an empty cache and no network."""

from pathlib import Path

import pytest
from cli_support import SMALL, Said, call

from latticework.tasks.mirrors import SourceError


@pytest.fixture(autouse=True)
def nowhere(tmp_path, monkeypatch):
    """No data folder, an empty cache, mirrors and npm that fail at once."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("LATTICEWORK_DATA", raising=False)
    monkeypatch.setenv("LATTICEWORK_CACHE", str(tmp_path / "cache"))

    def unreachable(*_args, **_named):
        raise SourceError("no answer (the test has no network)")

    monkeypatch.setattr("latticework.tasks.sources.fetch_from_mirror", unreachable)
    monkeypatch.setattr("latticework.tasks.sources.fetch_from_npm", unreachable)


@pytest.fixture(scope="session")
def trained(tmp_path_factory) -> tuple[Path, Said]:
    """A finished run of two seeds, with its pictures, and what `train` said of it."""
    folder = tmp_path_factory.mktemp("cli") / "run"
    said = call("train", *SMALL, "--seeds", "2", "--run-dir", folder, "--json")
    assert said.status == 0, said
    return folder, said
