"""Seeds on the command line: those that the generator tells apart, or a sentence."""

import numpy as np
import pytest
from cli_support import SMALL, call, refuse

from latticework.recipes import open_run

LAST = 2**32 - 1


@pytest.mark.parametrize("seed", ["-1", "4294967296", str(2**63 - 1), "0.5", "1e3", "one", ""])
def test_what_is_no_seed(seed, tmp_path):
    sentence = refuse("train", *SMALL, "--seed", seed, "--run-dir", "run")
    assert "seed" in sentence
    assert not (tmp_path / "run").exists()


def test_more_seeds_than_there_are(tmp_path):
    assert "begin at 4294967293" in refuse("train", *SMALL, "--seed", LAST - 1, "--seeds", "3")
    assert "at most 65,536" in refuse("train", *SMALL, "--seeds", "10000000000")
    assert "at most 65,536" in refuse("reproduce", "synthetic-snap1", "--seeds", "10000000000")
    assert "--seed is -1" in refuse("gradcheck", "synthetic-snap1", "--seed", "-1")
    assert "seed is -1" in refuse("describe", "small-world-snap1", "--topology.seed=-1")


@pytest.mark.all
def test_the_first_and_the_last_seed_differ(tmp_path):
    said = [call("train", *SMALL, "--seed", s, "--run-dir", f"r{s}", "--json") for s in (0, LAST)]
    assert [one.status for one in said] == [0, 0], said
    first, last = (open_run(tmp_path / f"r{s}").params_of(s) for s in (0, LAST))
    assert any(not np.array_equal(first[name], last[name]) for name in first)
