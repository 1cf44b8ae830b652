"""Known files on disk: digests, names, and a store that keeps all or nothing."""

import errno
import gzip
import os
from pathlib import Path

import numpy as np
import platformdirs
import pytest
from tasks_support import arrays, bare_machine, contents, known_set  # noqa: F401

from latticework.core import places
from latticework.tasks import cache
from latticework.tasks.catalogue import CATALOGUE
from latticework.tasks.folders import find_file

FILE = known_set().files[1]
CONTENT = contents()[FILE.name]


def test_the_cache_folder_is_the_users(monkeypatch):
    monkeypatch.delenv("LATTICEWORK_CACHE")
    folder = places.cache_folder()
    assert folder.name == "latticework"
    assert folder == Path(platformdirs.user_cache_dir("latticework", appauthor=False))


@pytest.mark.parametrize("name", [FILE.name, f"{FILE.name}.gz"])
def test_stored_files_are_found_and_read(tmp_path, name):
    content = gzip.compress(CONTENT) if name.endswith("gz") else CONTENT
    folder = tmp_path / "deep" / "folder"
    got = cache.store(folder, name, [content[:5], b"", content[5:]], FILE)
    assert np.array_equal(got, arrays()[1])
    assert find_file(folder, FILE.name) == folder / name
    assert np.array_equal(cache.read_known(folder / name, FILE), arrays()[1])
    assert [path.name for path in folder.iterdir()] == [name]


def test_other_bytes_are_not_kept(tmp_path):
    other = bytearray(CONTENT)
    other[-1] ^= 1
    (tmp_path / FILE.name).write_bytes(b"what was there before")
    with pytest.raises(ValueError, match=f"wrong checksum.*expected {FILE.sha256}"):
        cache.store(tmp_path, FILE.name, [bytes(other)], FILE)
    assert [path.name for path in tmp_path.iterdir()] == [FILE.name]
    assert (tmp_path / FILE.name).read_bytes() == b"what was there before"


def test_what_breaks_off_is_not_kept(tmp_path):
    def chunks():
        yield CONTENT[:5]
        raise RuntimeError("the line broke")

    with pytest.raises(RuntimeError, match="the line broke"):
        cache.store(tmp_path, FILE.name, chunks(), FILE)
    assert list(tmp_path.iterdir()) == []


def test_the_new_name_appears_after_the_bytes_are_on_the_disk(tmp_path, monkeypatch):
    seen = []
    real = os.fsync

    def fsync(descriptor):
        seen.append((tmp_path / FILE.name).exists())
        real(descriptor)

    monkeypatch.setattr(os, "fsync", fsync)
    cache.store(tmp_path, FILE.name, [CONTENT], FILE)
    assert seen == [False]
    assert (tmp_path / FILE.name).exists()


def test_a_full_disk_is_one_sentence_and_leaves_nothing(tmp_path, monkeypatch):
    def fsync(descriptor):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, "fsync", fsync)
    with pytest.raises(OSError, match=r"cache folder .*the disk is full; make room.*LATTICEWORK_C"):
        cache.store(tmp_path, FILE.name, [CONTENT], FILE)
    assert list(tmp_path.iterdir()) == []


def test_a_folder_that_cannot_be_made_is_one_sentence(tmp_path):
    (tmp_path / "file").write_text("not a folder")
    with pytest.raises(OSError, match=r"nothing can be kept in the cache folder .*not a directory"):
        cache.store(tmp_path / "file" / "mnist", FILE.name, [CONTENT], FILE)


def test_half_written_files_are_not_found(tmp_path):
    (tmp_path / f"{FILE.name}.gz.1234.part").write_bytes(CONTENT)
    (tmp_path / f"{FILE.name}.gz").mkdir()
    assert find_file(tmp_path, FILE.name) is None


def test_a_file_of_another_known_set_is_named(tmp_path):
    path = tmp_path / FILE.name
    path.write_bytes(contents(seed=1)[FILE.name])
    title = CATALOGUE["fashion-mnist"].title
    with pytest.raises(ValueError, match=rf"that is train-labels-idx1-ubyte of {title}"):
        cache.read_known(path, FILE)
