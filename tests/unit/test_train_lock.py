"""One writer at a time, and no file of another run."""

import errno
import json
import os
import shutil
import subprocess
import sys
import threading
from pathlib import Path

import pytest
from train_support import run

from latticework.train import lock, record
from latticework.train.files import make_new_folder, remove_temporaries, write_atomically
from latticework.train.lock import hold
from latticework.train.record import RunFolder, run_folder

HOLDER = """
import sys, time
from pathlib import Path
from latticework.train.lock import hold
with hold(Path(sys.argv[1])):
    print("held", flush=True)
    sys.stdin.read()
"""


def test_a_busy_folder_is_named_with_its_process(tmp_path):
    with hold(tmp_path):
        with pytest.raises(
            ValueError, match=rf"is being written by process {os.getpid()} since 20"
        ):
            run(tmp_path, epochs=1)
        assert not (tmp_path / "recipe.json").exists()
    run(tmp_path, epochs=1)
    with hold(tmp_path), pytest.raises(ValueError, match="is being written by process"):
        run(tmp_path, epochs=2, resume=True)
    assert len((tmp_path / "metrics.jsonl").read_text().splitlines()) == 1


def test_a_lock_ends_with_its_process(tmp_path):
    holder = subprocess.Popen(
        [sys.executable, "-c", HOLDER, str(tmp_path)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    with holder:
        assert holder.stdout is not None and holder.stdout.readline() == "held\n"
        with pytest.raises(ValueError, match=f"by process {holder.pid} since"), hold(tmp_path):
            pass
        holder.kill()
    with hold(tmp_path):
        assert json.loads((tmp_path / lock.LOCK_FILE).read_text())["process"] == os.getpid()


@pytest.mark.parametrize("content", [b"", b"null", b"[1]", b"{", b'{"process": "\x1b[2J"}'])
def test_what_a_lock_file_holds_decides_nothing(tmp_path, content):
    (tmp_path / lock.LOCK_FILE).write_bytes(content)
    with hold(tmp_path):
        (tmp_path / lock.LOCK_FILE).write_bytes(content)
        with pytest.raises(ValueError, match="written by another process; wait"), hold(tmp_path):
            pass


def test_a_file_system_without_locks_is_said_in_one_line(tmp_path, monkeypatch, caplog):
    def refused(descriptor: int) -> None:
        raise OSError(errno.ENOLCK, "No locks available")

    monkeypatch.setattr(lock, "_lock", refused)
    with hold(tmp_path):
        pass
    assert [entry.getMessage() for entry in caplog.records] == [
        f"{tmp_path} cannot be locked (No locks available); see to it that no second process "
        "writes there"
    ]


def test_folders_made_in_the_same_second_are_two(tmp_path, monkeypatch):
    monkeypatch.setattr(record, "RUNS", tmp_path)
    monkeypatch.setattr(record.time, "strftime", lambda _: "20260101-000000")
    made: list[Path] = []
    ready = threading.Barrier(8)

    def make() -> None:
        ready.wait()
        made.append(make_new_folder(tmp_path / "a-20260101-000000"))

    threads = [threading.Thread(target=make) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(set(made)) == 8
    with run_folder(None, "a") as empty:
        assert empty.name == "a-20260101-000000-9" and empty.is_dir()
    assert not empty.exists()
    with run_folder(None, "a") as folder:
        (folder / "file").touch()
    assert folder.exists()
    with run_folder(None, "a", writes=False) as unmade:
        assert not unmade.exists()
    with run_folder(tmp_path / "named", "a") as named:
        assert named == tmp_path / "named"


def test_temporary_names_are_unique_and_cleaned(tmp_path, monkeypatch):
    from latticework.train import files

    names: list[str] = []
    replace = os.replace

    def seen(source, target):
        names.append(Path(source).name)
        replace(source, target)

    monkeypatch.setattr(files.os, "replace", seen)
    for _ in range(3):
        write_atomically(tmp_path / "a", b"1")
    assert len(set(names)) == 3
    for name in names:
        (tmp_path / name).touch()  # as a crash leaves it
    (tmp_path / "mine.tmp").touch()
    remove_temporaries(tmp_path)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a", "mine.tmp"]


def test_ctrl_c_leaves_no_temporary_behind(tmp_path, monkeypatch):
    from latticework.train import files

    def interrupted(descriptor: int) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(files.os, "fsync", interrupted)
    with pytest.raises(KeyboardInterrupt):
        write_atomically(tmp_path / "a", b"1")
    assert list(tmp_path.iterdir()) == []


@pytest.fixture(scope="module")
def two_runs(tmp_path_factory):
    folder = tmp_path_factory.mktemp("identity")
    for name in ("one", "other"):
        run(folder / name, epochs=1)
    return folder


def copied(two_runs: Path, folder: Path, stranger: str) -> Path:
    """The first run with one file of the other."""
    shutil.copytree(two_runs / "one", folder / "run")
    shutil.copy(two_runs / "other" / stranger, folder / "run" / stranger)
    return folder / "run"


def test_every_file_of_a_run_carries_its_identity(two_runs):
    folder = RunFolder(two_runs / "one")
    identity = folder.identity
    assert identity and identity != RunFolder(two_runs / "other").identity
    lines = [json.loads(line) for line in folder.metrics.read_text().splitlines()]
    assert [line["run"] for line in lines] == [identity]
    assert json.loads(folder.result.read_text())["run"] == identity
    assert folder.read_checkpoint_meta()["run"] == identity


@pytest.mark.parametrize("stranger", ["recipe.json", "metrics.jsonl", "checkpoint.safetensors"])
def test_a_file_of_another_run_is_not_resumed(tmp_path, two_runs, stranger):
    folder = copied(two_runs, tmp_path, stranger)
    before = {path: path.read_bytes() for path in folder.iterdir() if path.name != lock.LOCK_FILE}
    with pytest.raises(ValueError, match="belongs to another run"):
        run(folder, epochs=2, resume=True)
    after = {path: path.read_bytes() for path in before}
    assert {**after, folder / "recipe.json": b""} == {**before, folder / "recipe.json": b""}


def test_a_folder_with_anything_of_a_run_is_not_begun_in(tmp_path, two_runs):
    shutil.copy(two_runs / "one" / "metrics.jsonl", tmp_path)
    with pytest.raises(ValueError, match="already holds a run"):
        run(tmp_path, epochs=1)


def test_a_run_from_before_there_were_identities_goes_on(tmp_path):
    run(tmp_path, epochs=1)
    folder = RunFolder(tmp_path)
    for path in (folder.recipe, folder.result):
        stored = json.loads(path.read_text())
        del stored["run"]
        path.write_text(json.dumps(stored))
    lines = [json.loads(line) for line in folder.metrics.read_text().splitlines()]
    folder.metrics.write_text("".join(json.dumps({**line, "run": None}) + "\n" for line in lines))
    folder.checkpoint.unlink()
    assert len(run(tmp_path, epochs=2, resume=True).metrics) == 2
    assert "run" not in json.loads(folder.metrics.read_text().splitlines()[-1])
