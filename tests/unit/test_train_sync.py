"""Synchronising with the disk: what cannot do it costs no run, what fails at it does."""

import errno
import logging
import os
import stat

import pytest

from latticework.core.side_work import warn_once
from latticework.train import files

REFUSALS = ("EINVAL", "ENOTSUP", "EOPNOTSUPP", "ENOSYS", "EROFS")
FAILURES = ("EIO", "ENOSPC", "EDQUOT")


@pytest.fixture(autouse=True)
def not_yet_warned():
    warn_once.cache_clear()


def failing(call, name: str, *, of_folders: bool):
    """`os.fsync` that fails on folders only, or on files only."""

    def wrapped(what):
        if stat.S_ISDIR(os.fstat(what).st_mode) == of_folders:
            number = getattr(errno, name)
            raise OSError(number, os.strerror(number))
        return call(what)

    return wrapped


def write_both(folder) -> None:
    files.write_atomically(folder / "whole", b"new")
    files.append_line(folder / "lines", "one")
    assert (folder / "whole").read_bytes() == b"new"
    assert (folder / "lines").read_text() == "one\n"
    assert {path.name for path in folder.iterdir()} == {"whole", "lines"}


@pytest.mark.parametrize("name", REFUSALS)
@pytest.mark.parametrize("of_folders", [True, False])
def test_a_disk_that_cannot_synchronise_is_said_once(
    tmp_path, monkeypatch, caplog, name, of_folders
):
    monkeypatch.setattr(files.os, "fsync", failing(os.fsync, name, of_folders=of_folders))
    with caplog.at_level(logging.WARNING):
        write_both(tmp_path)
        files.write_atomically(tmp_path / "whole", b"newer")
    said = os.strerror(getattr(errno, name))
    assert [record.getMessage() for record in caplog.records] == [
        f"{tmp_path} does not synchronise what is written ({said}): it goes on, but a power cut "
        "may cost what was saved last"
    ]


@pytest.mark.parametrize("name", ["EACCES", "EPERM", "EISDIR"])
def test_a_folder_that_cannot_be_opened_costs_nothing(tmp_path, monkeypatch, name):
    real = os.open

    def refusing(path, flags, *mode):
        if os.path.isdir(path):  # noqa: PTH112
            raise OSError(getattr(errno, name), "refused")
        return real(path, flags, *mode)

    monkeypatch.setattr(files.os, "open", refusing)
    write_both(tmp_path)


@pytest.mark.parametrize("name", FAILURES)
@pytest.mark.parametrize("of_folders", [True, False])
def test_a_disk_that_fails_is_an_error(tmp_path, monkeypatch, name, of_folders):
    monkeypatch.setattr(files.os, "fsync", failing(os.fsync, name, of_folders=of_folders))
    with pytest.raises(OSError, match="whole") as caught:
        files.write_atomically(tmp_path / "whole", b"new")
    assert caught.value.errno == getattr(errno, name)
    if not of_folders:
        with pytest.raises(OSError, match="lines"):
            files.append_line(tmp_path / "lines", "one")
        assert (tmp_path / "lines").read_bytes() == b""
