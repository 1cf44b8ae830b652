"""`latticework bench`, and the arithmetic that it counts."""

import json

import pytest
from cli_support import call, refuse

from latticework.kernels import KERNELS, Problem
from latticework.models import diagonal, grid, small_world, tree
from latticework.rules import Bptt, HopTrace, Rtrl
from latticework.studies import bench
from latticework.studies.operations import operations_per_image

KEYS = {
    *("case", "rule", "batch", "threads", "dtype", "path"),
    *("us_per_image", "gflops", "peak_gflops"),
}


@pytest.fixture(autouse=True)
def small_cases(monkeypatch):
    cases = (
        bench.Case("grid-3x2", grid(3, 2), HopTrace(hops=1), num_steps=4),
        bench.Case("tree-4", tree(4, 2), Bptt(), num_steps=4),
    )
    monkeypatch.setitem(bench.FAMILIES, "leaky", lambda: cases)
    monkeypatch.setattr(bench, "ROUND_SECONDS", 0.002)


def test_json_lines():
    argv = ["--cases", "tree-4", "--kernels", "skewed_adjoint", "--batch", "1", "3"]
    said = call("bench", "leaky", *argv, "--repeats", "2", "--peak-gflops", "100", "--json")
    lines = [json.loads(line) for line in said.out.splitlines()]
    assert said.status == 0 and said.err == ""
    assert all(set(line) >= KEYS for line in lines)
    assert [(line["case"], line["batch"]) for line in lines] == [("tree-4", 1), ("tree-4", 3)]
    for line in lines:
        assert 0 < line["us_per_image_min"] <= line["us_per_image"] <= line["us_per_image_max"]
        assert line["path"] == "skewed_adjoint" and line["dtype"] == "float32"
        assert line["peak_gflops"] == 100 and line["repeats"] == 2
        operations = count(tree(4, 2), Bptt(), num_steps=4)
        assert line["gflops"] == pytest.approx(operations / line["us_per_image"] / 1e3)


def test_an_unknown_peak_is_null(monkeypatch):
    monkeypatch.setattr(bench, "extension", lambda: "there is none")
    argv = ["--repeats", "1", "--cases", "tree-4", "--kernels", "skewed_adjoint", "--json"]
    (line,) = call("bench", "leaky", *argv).out.splitlines()
    assert json.loads(line)["peak_gflops"] is None


def test_every_kernel_but_the_reference_takes_part(monkeypatch):
    timed = []
    monkeypatch.setattr(bench, "_time", lambda _, kernels, *__: timed.append(kernels) or [])
    call("bench", "leaky", "--cases", "grid-3x2", "--json")
    names = [kernel.name for kernel in timed[0]]
    applying = [n for n, k in KERNELS.items() if k.refusal(timed[0][0].problem) is None]
    assert names == [name for name in applying if name != "reference"]
    assert len(names) >= 2


@pytest.mark.all
def test_text_and_double_precision():
    argv = ["--repeats", "1", "--cases", "tree-4", "--kernels", "reference", "skewed_adjoint"]
    said = call("bench", *argv, "--dtype", "float64")
    assert said.status == 0
    for what in ("float64", "1 interleaved rounds", "reference", "skewed_adjoint", "us/image"):
        assert what in said.out


@pytest.mark.parametrize(
    ("argv", "expected"),
    [
        (["gridnet"], "no family named 'gridnet'"),
        (["--cases", "tree-5"], "no case of leaky named 'tree-5'; did you mean 'tree-4'"),
        (["--kernels", "fast"], "no kernel named 'fast'"),
        (["--kernels", "skewed_traces"], "does not apply: it computes rtrl and hop_trace, not"),
        (["--batch", "0"], "a batch size is 0"),
        (["--repeats", "0"], "repeats is 0"),
        (["--peak-gflops", "-3"], "peak_gflops is -3"),
    ],
)
def test_bad_input(argv, expected):
    assert expected in refuse("bench", *argv)


def count(network, rule, num_steps=1):
    return operations_per_image(Problem(network, rule, "sum"), num_steps)


def test_operations_of_one_cell():
    # One cell with two channels: 4 + 5 forward; 3 for its message, 2 + 4 + 4 for the rest.
    assert count(diagonal(1, 2, 1), Bptt()) == 9 + 13
    assert count(diagonal(1, 2, 1), Bptt(), num_steps=7) == 7 * 22


def test_operations_grow_with_what_is_kept():
    hops = [count(grid(6, 5), HopTrace(hops=n)) for n in range(9)]
    assert hops == sorted(hops)
    assert count(grid(6, 5), HopTrace(hops=9)) == count(grid(6, 5), Bptt()) == hops[0]
    assert count(grid(6, 5), Rtrl()) == count(grid(6, 5), Bptt())
    # Paths of unequal length leave only the traces, which cost more than an adjoint.
    long = small_world(6, 5, num_long_edges=6)
    assert count(long, HopTrace(hops=1)) > count(long, HopTrace(hops=0))
