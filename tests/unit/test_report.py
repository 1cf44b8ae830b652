"""The report: pages are rebuilt from raw results, and disagreement is found."""

import json
from pathlib import Path

import pytest

from latticework.recipes import recipe, to_json
from latticework.report import check_pages, read_results, rebuild_pages, result_path

ROOT = Path(__file__).resolve().parents[2]
PAGE = "# Page\n\n<!-- table: {} -->\n<!-- end -->\nafter\n"


def _write_result(root: Path, name: str, accuracies: list[float]) -> None:
    mean = sum(accuracies) / len(accuracies)
    summary = {"mean": mean, "sd": 0.01, "min": min(accuracies), "max": max(accuracies)}
    record = {
        "seeds": list(range(len(accuracies))),
        "outcome": "finished",
        "summary": summary,
        "epochs": 1,
        "images_per_second": 1000.0,
        "kernel": "reference",
    }
    line = {
        "epoch": 0,
        "steps": 100,
        "seconds": 60.0,
        "train_loss": 2.0,
        "train_accuracy": 0.3,
        "test_accuracy": mean,
        "per_seed": {
            "train_loss": [2.0] * len(accuracies),
            "train_accuracy": [0.3] * len(accuracies),
            "test_accuracy": accuracies,
        },
    }
    path = result_path(root, name)
    path.parent.mkdir(parents=True, exist_ok=True)
    raw = {"recipe": to_json(recipe(name)), "record": record, "metrics": [line]}
    path.write_text(json.dumps(raw))


@pytest.fixture
def root(tmp_path: Path) -> Path:
    (tmp_path / "docs").mkdir()
    (tmp_path / "README.md").write_text(PAGE.format("recipes-leaky"))
    (tmp_path / "docs" / "results.md").write_text(PAGE.format("runs"))
    _write_result(tmp_path, "grid-snap1-adam", [0.4, 0.5])
    return tmp_path


def test_rebuilt_pages_agree_and_changed_results_are_found(root: Path) -> None:
    assert {stale.what for stale in check_pages(root)} >= {"table recipes-leaky", "table runs"}
    rebuild_pages(root)
    assert check_pages(root) == []
    assert "0.450 ± 0.010 (2 seeds)" in (root / "README.md").read_text()
    assert (root / "README.md").read_text().endswith("<!-- end -->\nafter\n")
    assert rebuild_pages(root) == []
    _write_result(root, "grid-snap1-adam", [0.4, 0.6])
    assert {(s.path, s.what) for s in check_pages(root)} == {
        ("README.md", "table recipes-leaky"),
        ("docs/results.md", "table runs"),
        ("docs/figures/grid-snap1-adam.png", "figure grid-snap1-adam"),
    }


def test_a_curve_ends_with_what_was_published(root: Path) -> None:
    page = root / "docs" / "results.md"
    page.write_text(PAGE.format("curve-glom-mnist-faithful"))
    _write_result(root, "glom-mnist-faithful", [0.3])
    rebuild_pages(root)
    rows = [[cell.strip() for cell in line.split("|")] for line in page.read_text().splitlines()]
    assert rows[-4][1:-1] == ["1", "100", "2.0000", "0.3000", "1 min"]
    assert rows[-3][1:-1] == ["6, published", "600", "-", "0.91", "-"]


def test_a_figure_without_data_is_stale(root: Path) -> None:
    rebuild_pages(root)
    figure = root / "docs" / "figures" / "grid-snap1-adam.png"
    figure.with_name("grid-snap1-sgd.png").write_bytes(figure.read_bytes())
    assert [s.what for s in check_pages(root)] == ["figure grid-snap1-sgd"]


def test_bad_input_is_one_sentence(root: Path, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"has no README\.md, docs/results\.md"):
        check_pages(tmp_path / "nowhere")
    (root / "README.md").write_text(PAGE.format("recipes-leak"))
    with pytest.raises(
        ValueError, match="no table named 'recipes-leak'; did you mean 'recipes-leaky'"
    ):
        check_pages(root)
    result_path(root, "grid-snap1-adam").write_text("{")
    with pytest.raises(ValueError, match=r"grid-snap1-adam\.json is damaged"):
        read_results(root)


def test_committed_pages_agree_with_committed_results() -> None:
    assert check_pages(ROOT) == []
