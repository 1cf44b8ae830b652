"""`make fuzz`: what the fuzzes count is added up, and one that fails is told."""

import importlib.util
import json
from pathlib import Path

import pytest

SCRIPT = Path(__file__).resolve().parents[2] / "fuzz" / "add_up.py"


@pytest.fixture
def sums(tmp_path, monkeypatch):
    """The script, looking for fuzzes in a folder of this test."""
    spec = importlib.util.spec_from_file_location("add_up", SCRIPT)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    monkeypatch.setattr(module, "HERE", tmp_path)
    monkeypatch.setattr(module, "RESULT", tmp_path / "fuzz.json")
    return lambda number: module.main([number])


def fuzz(folder, name: str, text: str) -> None:
    script = folder / name / "run"
    script.parent.mkdir()
    script.write_text(f"#!/bin/sh\n{text}\n")
    script.chmod(0o755)


def test_counts_are_added_up_and_each_run_has_a_seed_of_its_own(sums, tmp_path):
    fuzz(
        tmp_path,
        "border",
        'echo "seed $SEED"; echo $SEED >> $(dirname $0)/seeds\n'
        'echo "{\\"update\\": {\\"cases\\": $N, \\"refused\\": 2}}"',
    )
    assert [sums("5"), sums("7"), sums("small")] == [0, 0, 1], "small is no number to this fuzz"
    assert json.loads((tmp_path / "fuzz.json").read_text()) == {
        "border": {"update": {"cases": 12, "refused": 4}}
    }
    assert (tmp_path / "border" / "seeds").read_text().split() == ["0", "5", "0"]


@pytest.mark.parametrize("text", ["exit 1", 'echo \'{"update": {"cases": 1}}\'; exit 3', "echo hm"])
def test_one_that_fails_is_told_and_the_others_run(sums, tmp_path, capfd, text):
    fuzz(tmp_path, "a", text)
    fuzz(tmp_path, "b", 'echo \'{"update": {"cases": 1}}\'')
    assert sums("1") == 1
    assert "a: FAILED" in capfd.readouterr().err
    assert list(json.loads((tmp_path / "fuzz.json").read_text())) == ["b"]


@pytest.mark.parametrize("number", ["0", "-1", "many", "1e5"])
def test_a_number_that_is_none_is_refused(sums, number):
    assert sums(number) == 2
