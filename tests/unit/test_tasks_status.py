"""What data is here."""

import json

from tasks_support import bare_machine, write_files  # noqa: F401

from latticework.tasks import DataSource, data_status


def row(rows: list[dict], dataset: str, place: str) -> dict:
    (found,) = [r for r in rows if (r["dataset"], r["place"]) == (dataset, place)]
    return found


def test_a_bare_machine_has_the_digits(bare_machine):  # noqa: F811
    rows = data_status(DataSource())
    json.dumps(rows)
    assert {(r["dataset"], r["place"], r["state"]) for r in rows} == {
        ("mnist", "cache", "absent"),
        ("fashion-mnist", "cache", "absent"),
        ("digits", "embedded", "ok"),
    }
    assert row(rows, "mnist", "cache")["path"] == str(bare_machine / "mnist")
    assert row(rows, "mnist", "cache")["checksum_ok"] is None
    assert not bare_machine.exists(), "looking makes nothing"


def test_whole_incomplete_and_damaged(tmp_path, bare_machine):  # noqa: F811
    data = tmp_path / "data"
    write_files(data / "mnist")
    incomplete = write_files(data / "fashion-mnist", seed=1)
    (incomplete / "t10k-labels-idx1-ubyte.gz").unlink()
    damaged = write_files(bare_machine / "mnist", gz=False)
    (damaged / "train-labels-idx1-ubyte").write_bytes(b"\0\0\x08\x01")
    rows = data_status(DataSource(str(data)))

    whole = row(rows, "mnist", "folder")
    assert (whole["state"], whole["checksum_ok"], whole["note"]) == ("ok", True, "")
    assert whole["bytes"] == sum(path.stat().st_size for path in (data / "mnist").iterdir())
    half = row(rows, "fashion-mnist", "folder")
    assert (half["state"], half["checksum_ok"]) == ("incomplete", True)
    assert half["note"] == "it lacks t10k-labels-idx1-ubyte"
    broken = row(rows, "mnist", "cache")
    assert (broken["state"], broken["checksum_ok"]) == ("damaged", False)
    assert "train-labels-idx1-ubyte is truncated" in broken["note"]


def test_own_files(tmp_path):
    own = write_files(tmp_path / "own", seed=4)
    source = DataSource(str(tmp_path))
    found = row(data_status(source), "own", "folder")
    assert (found["state"], found["checksum_ok"]) == ("ok", None)
    (own / "t10k-labels-idx1-ubyte.gz").unlink()
    found = row(data_status(source), "own", "folder")
    assert found["state"] == "damaged"
    assert "lacks t10k-labels-idx1-ubyte" in found["note"]
