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
