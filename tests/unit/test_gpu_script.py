"""benchmarks/gpu.py, on a processor: what a part found is kept whatever becomes of it."""

import importlib
import json
import sys
from pathlib import Path

import jax.numpy as jnp
import numpy as np
import pytest

from latticework.report.gpu_tables import NOT_YET, parity_table, timing_table

BENCHMARKS = Path(__file__).resolve().parents[2] / "benchmarks"
sys.path.insert(0, str(BENCHMARKS))

gpu = importlib.import_module("gpu")
gpu_measure = importlib.import_module("gpu_measure")

PARTS = {
    "whole": 'print(\'{"device": "A B/1"}\')',
    "fails": "print('{\"step\": 1}', flush=True); raise RuntimeError('bad address')",
    "hangs": "print('{\"step\": 2}', flush=True); import time; time.sleep(600)",
    "late": "",
}


def command(part: str) -> list[str]:
    return [sys.executable, "-S", "-E", "-c", PARTS[part]]


def test_a_part_that_fails_leaves_the_others(tmp_path):
    budgets = {"fails": 600, "whole": 600}
    found = gpu.run_parts(budgets, command, 3600, gpu.keeper(tmp_path, {"small": True}))
    assert found[0] == {"part": "fails", "step": 1}
    assert found[1]["end"].startswith("ended with status 1: ")
    assert found[1]["end"].endswith("RuntimeError: bad address")
    assert found[2:] == [{"part": "whole", "device": "A B/1"}, {"part": "whole", "end": "done"}]
    kept = json.loads((tmp_path / "a-b-1.json").read_text())
    assert kept == {"small": True, "device": "A B/1", "lines": found}


def test_parts_that_run_again_leave_the_others(tmp_path):
    about = {"small": False}
    lines = [{"part": part, "device": "A", "n": 1} for part in ("cuda", "glom", "no part now")]
    gpu.keeper(tmp_path, about)(lines)
    gpu.keeper(tmp_path, about, ["cuda"])([{"part": "cuda", "device": "A", "n": 2}])
    kept = json.loads((tmp_path / "a.json").read_text())["lines"]
    assert [(one["part"], one["n"]) for one in kept] == [("cuda", 2), ("glom", 1)]
    gpu.keeper(tmp_path, {"small": True}, ["cuda"])([{"part": "cuda", "device": "A", "n": 3}])
    kept = json.loads((tmp_path / "a.json").read_text())["lines"]
    assert [(one["part"], one["n"]) for one in kept] == [("cuda", 3)]


def test_a_part_that_hangs_is_cut_off(monkeypatch):
    lines = gpu.lines_of(command("hangs"), 600)
    assert next(lines) == {"step": 2}
    now = gpu.time.monotonic()
    monkeypatch.setattr(gpu.time, "monotonic", lambda: now + 601)
    assert list(lines) == [{"end": "cut off after 600 s"}]


def test_parts_that_are_too_late_are_named():
    found = gpu.run_parts({"late": 60}, command, 1, lambda lines: None)
    assert found == [{"part": "late", "end": "not run: the time was used up"}]


def test_what_is_missing_is_named(monkeypatch, capsys):
    monkeypatch.setattr(gpu, "NEEDED", ("numpy", "no_such_module"))
    assert gpu.main([]) == 2
    assert "gpu.py needs no_such_module; " in capsys.readouterr().err


def test_an_error_is_relative_to_the_largest_value():
    got, expected = [np.float32([100, 0.1]), np.zeros(2)], [np.array([100, 0.0]), np.zeros(2)]
    assert gpu_measure.worst(got, expected) == pytest.approx(1e-3)
    assert not gpu_measure.judged(1e-3)["ok"] and gpu_measure.judged(1e-6)["ok"]
    nothing = gpu_measure.judged(gpu_measure.worst([np.array([np.nan])], [np.ones(1)]))
    assert nothing["ok"] is False and nothing["error"] is None


def test_a_path_that_computes_something_else_is_wrong():
    given = np.float32([1, 2, 3])
    expected = gpu_measure.truth(jnp.sin, given)
    assert expected.dtype == np.float64
    assert gpu_measure.error_of(jnp.sin, given, expected)["ok"]
    assert not gpu_measure.error_of(jnp.cos, given, expected)["ok"]


def test_a_chain_takes_up_what_came_back():
    calls = []

    def step(state):
        calls.append(1)
        return state + 1

    line = gpu_measure.timed(step, np.zeros(3, np.float32), 0.0, chains=True)
    assert len(calls) == 1, "it is compiled once"
    assert line["repeats"] == 5
    assert line["min_s"] <= line["median_s"] <= line["max_s"]


def test_tables_count_no_small_runs_and_name_what_failed():
    timing = {"median_s": 0.0015, "min_s": 0.001, "max_s": 0.002, "repeats": 5}
    record = {
        "device": "NVIDIA H100",
        "small": False,
        "lines": [
            {"part": "a", "step": "cube", "kind": "parity", "path": "cuda", "ok": False}
            | {"error": None, "error_default": 2e-3},
            {"part": "a", "step": "cube, forward", "kind": "timing", "path": "shifted", **timing}
            | {"compile_s": 2.0, "batch": 256, "of_peak": 0.3},
            {"part": "a", "step": "cube, step", "error": "XlaRuntimeError: out of memory"},
            {"part": "b", "end": "cut off after 60 s"},
        ],
    }
    assert parity_table({}) == timing_table({}) == NOT_YET
    small = {"h100": {**record, "small": True}}
    assert parity_table(small) == timing_table(small) == NOT_YET
    parity, timings = parity_table({"h100": record}), timing_table({"h100": record})
    assert "| NVIDIA H100 | cube | cuda | - | 2.0e-03 | NO |" in parity
    assert "| 256 | 1.5 ms | 1 ms .. 2 ms | 5 | 2.00 s | 30% |" in timings
    assert "- NVIDIA H100, a, cube, step: XlaRuntimeError: out of memory" in timings
    assert "- NVIDIA H100, b: cut off after 60 s" in timings


@pytest.mark.all
def test_every_part_at_small_size(tmp_path):
    """As on a machine with a GPU; about two minutes of a processor's time."""
    words = ["--small", "--seconds", "1500", "--repeat", "0", "--out", str(tmp_path)]
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("JAX_PLATFORMS", "cpu")
        assert gpu.main(words) == 0
    record = json.loads((tmp_path / "cpu.json").read_text())
    parts = {line["part"] for line in record["lines"]}
    assert parts == set(gpu.BUDGETS)
    right = [line for line in record["lines"] if line.get("ok")]
    assert {line["path"] for line in right} >= {"shifted", "xla", "reference"}
    assert {"skewed_adjoint", "skewed_traces"} <= {line["path"] for line in right}
