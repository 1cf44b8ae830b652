import errno
import json
import os
from pathlib import Path

import numpy as np
import pytest

from latticework.train import RunFolder, files


def test_plain_gives_strict_json():
    value = {
        1: (np.float32(0.5), np.arange(2)),
        "nan": float("nan"),
        "inf": np.array([np.inf, 1.0]),
        "path": Path("a/b"),
        "none": None,
    }
    assert files.plain(value) == {
        "1": [0.5, [0, 1]],
        "nan": None,
        "inf": [None, 1.0],
        "path": "a/b",
        "none": None,
    }
    json.dumps(files.plain(value), allow_nan=False)


def test_a_fresh_run_does_not_overwrite_another(tmp_path):
    folder = RunFolder(tmp_path / "runs" / "a")
    folder.begin({"rule": {"hops": 1}}, resume=False)
    assert folder.read_recipe() == {"rule": {"hops": 1}}
    with pytest.raises(ValueError, match="already holds a run; resume it or choose another"):
        folder.begin({"rule": {"hops": 1}}, resume=False)


def test_resume_wants_the_same_recipe(tmp_path):
    folder = RunFolder(tmp_path)
    folder.begin({"rule": {"hops": 1}, "training": {"epochs": 2}}, resume=False)
    folder.begin({"rule": {"hops": 1}, "training": {"epochs": 5}}, resume=True)
    assert folder.read_recipe()["training"] == {"epochs": 2}
    folder.write_recipe({"rule": {"hops": 1}, "training": {"epochs": 5}})
    assert folder.read_recipe()["training"] == {"epochs": 5}
    with pytest.raises(ValueError, match=r"another recipe: rule\.hops was 1 and is now 2"):
        folder.begin({"rule": {"hops": 2}, "training": {"epochs": 5}}, resume=True)


def test_a_folder_without_a_run_cannot_be_resumed(tmp_path):
    with pytest.raises(ValueError, match=r"is not the folder of a run: it has no recipe\.json"):
        RunFolder(tmp_path).begin({}, resume=True)


def test_a_damaged_recipe_is_named(tmp_path):
    folder = RunFolder(tmp_path)
    folder.recipe.write_text("{")
    with pytest.raises(ValueError, match=r"recipe\.json is damaged"):
        folder.read_recipe()


def test_records_after_the_checkpoint_are_dropped(tmp_path):
    folder = RunFolder(tmp_path)
    assert folder.read_metrics() == []
    lines = [{"epoch": epoch, "loss": 1 / (epoch + 3)} for epoch in range(4)]
    for line in lines:
        folder.append_metrics(line)
    assert folder.read_metrics() == lines
    with folder.metrics.open("a") as file:
        file.write('{"epoch": 4, "lo')  # the machine went down here
    assert folder.read_metrics() == lines
    assert folder.keep_metrics_before(2) == lines[:2] == folder.read_metrics()
    folder.append_metrics(lines[2])
    assert folder.read_metrics() == lines[:3]


def test_a_damaged_record_is_named(tmp_path):
    folder = RunFolder(tmp_path)
    folder.metrics.write_text('{"epoch": 0\n{"epoch": 1}\n')
    with pytest.raises(ValueError, match=r"metrics\.jsonl is damaged"):
        folder.read_metrics()


def test_a_full_disk_does_not_leave_half_a_record(tmp_path, monkeypatch):
    folder = RunFolder(tmp_path)
    folder.append_metrics({"epoch": 0})
    write = os.write

    def half(descriptor, data):
        if len(data) < 8:
            raise OSError(errno.ENOSPC, "full")
        return write(descriptor, bytes(data[:8]))

    with monkeypatch.context() as patch:
        patch.setattr(files.os, "write", half)
        with pytest.raises(OSError, match="no room on the disk"):
            folder.append_metrics({"epoch": 1})
    assert folder.metrics.read_text() == '{"epoch": 0}\n'
