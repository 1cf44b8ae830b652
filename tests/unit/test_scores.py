"""A score that is no accuracy has its own name in files and JSON."""

import dataclasses
import json

import numpy as np
import pytest
from train_support import SoftmaxLearner, run

from latticework.recipes import RECIPES
from latticework.report.results import read_runs, save_result
from latticework.train import RunFolder
from latticework.train.scores import named, unnamed

SHARE = "share explained"
LINE = {"epoch": 0, "score": SHARE, "test_accuracy": 0.5, "per_seed": {"test_accuracy": [0.5]}}


@dataclasses.dataclass(frozen=True)
class Explainer(SoftmaxLearner):
    @property
    def score_name(self) -> str:
        return SHARE


def test_another_score_is_named_and_read_back():
    written = named(LINE)
    assert written == {
        "epoch": 0,
        "score": SHARE,
        "test_score": 0.5,
        "per_seed": {"test_score": [0.5]},
    }
    assert unnamed(written) == LINE


def test_an_accuracy_is_written_as_it_always_was():
    line = {"epoch": 0, "test_accuracy": 0.5}
    assert named(line) == unnamed(line) == line


@pytest.fixture(scope="module")
def explained(tmp_path_factory):
    folder = tmp_path_factory.mktemp("explained") / "run"
    run(folder, epochs=1, learner=Explainer())
    return folder, run(folder, epochs=2, learner=Explainer(), resume=True)


def test_a_run_calls_it_by_its_name(explained):
    folder, result = explained
    stored = json.loads((folder / "result.json").read_text())
    lines = [json.loads(line) for line in (folder / "metrics.jsonl").read_text().splitlines()]
    for record in (stored, *lines):
        assert record["score"] == SHARE
        assert not [key for key in record if "accuracy" in key]
        assert 0 <= record["test_score"] <= 1
    assert set(lines[0]["per_seed"]) == {"train_loss", "train_score", "test_score"}
    assert result.score_name == SHARE
    read = RunFolder(folder).read_metrics()
    assert [line["test_accuracy"] for line in read] == [line["test_score"] for line in lines]
    np.testing.assert_array_equal(result.test_accuracy, read[-1]["per_seed"]["test_accuracy"])


def test_raw_results_call_it_by_its_name_and_are_read_back(explained, tmp_path):
    recipe = RECIPES["gridnet-echo"]
    path = save_result(tmp_path, recipe, explained[1])
    assert "accuracy" not in json.dumps(json.loads(path.read_text())["metrics"])
    kept = read_runs(tmp_path)["gridnet-echo"]
    assert kept.metrics[-1]["per_seed"]["test_accuracy"] == explained[1].test_accuracy.tolist()
    assert kept.summary["mean"] == pytest.approx(explained[1].test_accuracy.mean())
