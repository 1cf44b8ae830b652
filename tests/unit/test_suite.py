"""The suite itself: nothing in it depends on time or on what lies outside the repository."""

import re
from pathlib import Path

from hypothesis import HealthCheck, settings

TESTS = Path(__file__).resolve().parents[1]


def test_no_property_depends_on_time_or_chance():
    assert settings.default.deadline is None
    assert settings.default.derandomize
    assert HealthCheck.too_slow in settings.default.suppress_health_check


def test_no_property_has_a_profile_of_its_own():
    own = re.compile(r"settings\([^)]*\b(deadline|derandomize|database|suppress_health_check)\b")
    found = {
        path.name
        for path in TESTS.rglob("*.py")
        if path.name != "conftest.py" and own.search(path.read_text())
    }
    assert not found


def test_nothing_but_data_sets_and_weights_without_a_licence_lies_outside():
    outside = re.compile(r"parents\[3\]|\.\./shared|LATTICEWORK_GOLDEN")
    found = {
        str(path.relative_to(TESTS))
        for path in TESTS.rglob("*.py")
        if path != Path(__file__) and outside.search(path.read_text())
    }
    assert found == {"support/needs.py"}


def test_the_golden_arrays_are_here(golden_dir):
    counts = {
        folder.name: len(list(folder.glob("*.npz")))
        for folder in golden_dir.iterdir()
        if folder.is_dir()
    }
    assert counts == {"glom": 6, "grid": 8, "gridnet": 19, "rtnn": 14, "rules": 0}
    assert all((golden_dir / name / "README.md").is_file() for name in counts)
