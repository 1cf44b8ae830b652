"""`latticework gradcheck`."""

import pytest
from cli_support import DATA, NAME, SIZES, call, refuse

SMALL = [NAME, *SIZES, *DATA, "--examples", "2"]


def by_rule(rows, group="all"):
    return {(row["rule"], row["hops"]): row for row in rows if row["group"] == group}


def test_cosine_grows_to_exact(tmp_path):
    found = call("gradcheck", *SMALL, "--json", "--picture", tmp_path / "cosine.png").json
    assert found["depth"] == 5
    rows = by_rule(found["rows"])
    assert [hops for _, hops in rows] == [0, 1, 2, 4, 5]
    cosines = [row["cosine"] for row in rows.values()]
    assert cosines == sorted(cosines) and cosines[0] < 0.9999
    assert rows["hop_trace", 5]["relative_error"] < 1e-10 and rows["hop_trace", 5]["is_exact"]
    assert not rows["hop_trace", 1]["is_exact"] and rows["hop_trace", 1]["is_own"]
    assert {row["group"] for row in found["rows"]} == {"log_tau", "weight", "bias", "all"}
    assert (tmp_path / "cosine.png").read_bytes().startswith(b"\x89PNG")


def test_an_exact_rule_of_the_recipe_is_measured_beside_the_sweep():
    argv = ["--rule", "rtrl", "--hops", "0"]
    rows = by_rule(call("gradcheck", *SMALL, *argv, "--json").json["rows"])
    assert list(rows) == [("hop_trace", 0), ("rtrl", None)]
    assert rows["rtrl", None]["is_own"] and rows["rtrl", None]["relative_error"] < 1e-10


@pytest.mark.all
def test_a_broadcast_rule_is_not_the_gradient_and_its_own_reach_is_measured():
    argv = ["--rule.signal", "broadcast", "--rule.hops", "5", "--hops", "0"]
    rows = by_rule(call("gradcheck", *SMALL, *argv, "--json").json["rows"])
    assert [hops for _, hops in rows] == [0, 5]
    assert rows["hop_trace", 5]["cosine"] < 0.99 and not rows["hop_trace", 5]["is_exact"]
    assert rows["hop_trace", 5]["is_own"] and not rows["hop_trace", 0]["is_own"]


def test_text():
    said = call("gradcheck", *SMALL, "--hops", "1")
    assert said.status == 0
    lines = said.out.splitlines()
    assert "mean over 2 examples of bump" in said.out
    assert sum(line.startswith("hop_trace 1 *") for line in lines) == 2
    assert any(line.split()[:2] == ["rule", "bias"] for line in lines)


@pytest.mark.parametrize(
    ("argv", "expected"),
    [
        (["--hops", "-1", "2"], "--hops is [-1, 2], expected numbers from 0 up"),
        (["--hops", "1", "--all"], "exclude each other"),
        (["--examples", "0"], "--examples is 0"),
        (["--examples", "121"], "bump has 120 training examples"),
        (["--picture", "cosine.pdf"], "cosine.pdf, expected a name that ends in .png"),
        (["--rule.hops", "-1"], "hops is -1, expected 0"),
        (["--topology.rows", "5"], "the task has 4 channels"),
    ],
)
def test_bad_input(argv, expected):
    assert expected in refuse("gradcheck", *SMALL, *argv)


def test_all_reaches():
    argv = ["--topology.rows", "2", "--topology.cols", "2", "--task.num-channels", "2"]
    argv += ["--task.num-classes", "2", "--all", "--json"]
    rows = by_rule(call("gradcheck", *SMALL, *argv).json["rows"])
    assert [hops for _, hops in rows] == [0, 1, 2]
