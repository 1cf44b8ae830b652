"""`latticework verify`."""

import numpy as np
import pytest
from cli_support import call, refuse

from latticework.verify import CaseResult, Check, Outcome

CASE = "small_4x4_T1.npz"
GOOD = CaseResult("grid/good", Outcome.PASSED, (Check("y", 1e-15, 1e-12),), seconds=1.5)
BAD = CaseResult("grid/bad", Outcome.FAILED, (Check("x", 0, 1e-12), Check("dw", 3e-9, 1e-12)))
ABSENT = CaseResult("grid/absent", Outcome.SKIPPED, message="needs MNIST")


def pretend(monkeypatch, *results):
    monkeypatch.setattr("latticework.cli.verify.replays", lambda *_: iter(results))


def test_a_changed_number_in_a_golden_file_is_found(golden_dir, tmp_path):
    with np.load(golden_dir / "grid" / CASE) as stored:
        arrays = dict(stored)
    name = next(name for name in sorted(arrays) if name.startswith("bptt_sum"))
    arrays[name] = arrays[name] * (1 + 1e-9)
    np.savez(tmp_path / CASE, **arrays)
    said = call("verify", tmp_path, "--json")
    assert said.status == 1
    (case,) = (case for case in said.json if case["case"] == "grid/small_4x4_T1")
    assert case["outcome"] == "failed" and case["quantity"].startswith(name)
    assert case["largest_error"] == pytest.approx(1e-9, rel=1e-3)
    failed = [check for check in case["checks"] if check["error"] > check["tolerance"]]
    assert {check["quantity"].split()[0] for check in failed} == {name}
    assert len(case["checks"]) > len(failed)


def test_all_is_well(monkeypatch):
    pretend(monkeypatch, GOOD, ABSENT)
    said = call("verify", "golden")
    assert said.status == 0
    assert "1 passed, 0 failed, 1 skipped; 1 quantities compared" in said.out
    lines = said.out.splitlines()
    assert lines[1].split() == ["grid/good", "1.0e-15", "1.0e-12", "pass", "1.5", "s", "y"]
    assert "needs MNIST" in said.out


def test_an_error_above_tolerance_fails(monkeypatch):
    pretend(monkeypatch, GOOD, BAD)
    said = call("verify", "golden")
    assert said.status == 1
    assert "1 passed, 1 failed, 0 skipped" in said.out
    assert said.out.splitlines()[2].split()[:4] == ["grid/bad", "3.0e-09", "1.0e-12", "FAIL"]


def test_an_error_that_is_no_number_is_json_too(monkeypatch):
    broken = CaseResult("grid/nan", Outcome.FAILED, (Check("y", float("nan"), 1e-12),))
    pretend(monkeypatch, broken)
    said = call("verify", "golden", "--json")
    assert said.status == 1
    assert said.json[0]["largest_error"] is None and said.json[0]["outcome"] == "failed"


def test_without_a_folder_the_checkouts_own_files(golden_dir, monkeypatch):
    assert "run verify in a checkout, or name a folder" in refuse("verify")
    asked = []
    monkeypatch.setattr("latticework.cli.verify.replays", lambda *args: asked.append(args[0]) or ())
    monkeypatch.chdir(golden_dir.parents[2])
    assert call("verify").status == 0
    assert [folder.resolve() for folder in asked] == [golden_dir]


def test_a_folder_without_golden_files(tmp_path):
    assert "holds no golden file" in refuse("verify", tmp_path)
    assert "there is nothing at" in refuse("verify", tmp_path / "absent")
