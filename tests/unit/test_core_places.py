"""The cache folder: the user's, or one that can be used all the same."""

import os
import stat
from pathlib import Path

import numpy as np
import pytest
from tasks_support import arrays, bare_machine, contents, known_set  # noqa: F401

from latticework.core import places
from latticework.core.side_work import warn_once
from latticework.studies import health
from latticework.tasks import cache, sources
from latticework.tasks.sources import DataSource, NoDataError, load_known

on_unix = pytest.mark.skipif(os.name == "nt", reason="homes are found in another way there")


@pytest.fixture(autouse=True)
def own_temporary_files(tmp_path, monkeypatch):
    """Nothing is named, and folders for temporary files are the test's."""
    monkeypatch.delenv("LATTICEWORK_CACHE", raising=False)
    monkeypatch.delenv("XDG_CACHE_HOME", raising=False)
    (tmp_path / "tmp").mkdir()
    monkeypatch.setattr(places.tempfile, "tempdir", str(tmp_path / "tmp"))
    warn_once.cache_clear()
    places._temporary_folder.cache_clear()
    yield
    places._temporary_folder.cache_clear()


@pytest.fixture
def homeless(monkeypatch):
    """A user without HOME and without a line in the table of users."""

    def unknown(_):
        raise KeyError("getpwuid(): uid not found")

    monkeypatch.delenv("HOME", raising=False)
    monkeypatch.setattr("pwd.getpwuid", unknown)


def warnings(caplog) -> list[str]:
    return [record.getMessage() for record in caplog.records]


@on_unix
def test_without_a_home_there_is_a_cache_all_the_same(homeless, tmp_path, caplog):
    folder = places.cache_folder()
    assert folder == places.cache_folder() == tmp_path / "tmp" / f"latticework-{os.getuid()}"
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    assert warnings(caplog) == [
        f"downloads are kept in {folder}: there is no home folder; LATTICEWORK_CACHE names another "
        "folder"
    ]


@on_unix
def test_a_home_that_cannot_be_written(monkeypatch, tmp_path, caplog):
    (tmp_path / "home").write_text("no folder")
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    assert places.cache_folder().parent == tmp_path / "tmp"
    assert "cannot be made" in warnings(caplog)[0]


@on_unix
def test_a_cache_that_can_only_be_read_is_read(monkeypatch, tmp_path, caplog):
    own = tmp_path / ".cache" / "latticework"
    own.mkdir(parents=True)
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setattr(places, "can_be_written", lambda _: False)
    monkeypatch.setattr(cache, "can_be_written", lambda _: False)
    assert places.cache_folder() == own and warnings(caplog) == []
    kept = cache.writable(own / "mnist")
    assert kept == tmp_path / "tmp" / f"latticework-{os.getuid()}" / "mnist"
    assert f"{own / 'mnist'} cannot be written" in warnings(caplog)[0]
    monkeypatch.setenv("LATTICEWORK_CACHE", str(own))
    assert cache.writable(own / "mnist") == own / "mnist"


@on_unix
def test_what_is_downloaded_without_a_home_is_found_again(homeless, monkeypatch):
    known = known_set(mirrors=("https://nowhere.invalid/",))
    fetched = []

    def fetch(base, known, folder, have, deadline):
        for file in known.files:
            if file.name not in have:
                fetched.append(file.name)
                have[file.name] = cache.store(folder, file.name, [contents()[file.name]], file)

    monkeypatch.delenv("LATTICEWORK_DATA", raising=False)
    monkeypatch.setattr(sources, "fetch_from_mirror", fetch)
    for _ in range(2):
        got, _ = load_known("small", known, DataSource())
        assert all(np.array_equal(*pair) for pair in zip(got, arrays(), strict=True))
    assert len(fetched) == len(known.files)
    load_known("small", known, DataSource(offline=True))
    with pytest.raises(NoDataError):
        load_known("other", known, DataSource(offline=True))


@on_unix
def test_someone_elses_folder_is_not_taken(homeless, monkeypatch, tmp_path):
    taken = tmp_path / "tmp" / f"latticework-{os.getuid()}"
    taken.symlink_to(tmp_path)
    folder = places.cache_folder()
    assert folder != taken and folder.parent == tmp_path / "tmp" and folder.is_dir()


@on_unix
def test_a_path_from_a_home_that_is_not_there(homeless):
    with pytest.raises(ValueError, match=r"no home folder for '~/data'; write the path without ~"):
        DataSource("~/data")
    assert places.expanded("data") == Path("data")


def test_doctor_finds_what_breaks_it(monkeypatch):
    def broken(*_):
        raise RuntimeError("no\nhome")

    looks = ("_packages", "_variables", "_device", "_processor", "_kernels", "_data", "_npm")
    for name in looks:
        monkeypatch.setattr(health, name, broken)
    findings = list(health.examine(DataSource()))
    assert [one.state for one in findings[:-1]] == [health.BROKEN] * len(looks)
    assert findings[0].detail == "RuntimeError, no home"
    assert findings[-1].what == "cache"
