"""How errors are measured and judged."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from latticework.verify.outcomes import (
    CaseResult,
    Check,
    Outcome,
    compare,
    compare_absolute,
    compare_equal,
)

FINITE = arrays(
    np.float64, 5, elements=st.floats(-1e6, 1e6).filter(lambda x: x == 0 or abs(x) > 1e-6)
)


def test_the_error_is_relative_to_the_largest_value():
    check = compare("w", np.array([1.0, 2.5]), np.array([1.0, 2.0]), 0.3)
    assert check == Check("w", 0.25, 0.3)
    assert check.passed
    assert compare_absolute("w", [1.0, 2.5], np.array([1.0, 2.0]), 0.3).error == 0.5
    assert not compare_absolute("w", [1.0, 2.5], np.array([1.0, 2.0]), 0.3).passed


def test_where_zero_is_expected_the_difference_counts():
    assert compare("w", np.array([1e-3, 0]), np.zeros(2), 1e-6).error == 1e-3
    assert compare("w", np.zeros(2), np.zeros(2), 0.0).passed


@given(FINITE, st.floats(1e-3, 10))
def test_scaling_both_changes_nothing(values, factor):
    moved = values + np.array([1e-3, 0, 0, 0, 0])
    a, b = compare("w", moved, values, 1.0), compare("w", factor * moved, factor * values, 1.0)
    if values.any():
        assert b.error == pytest.approx(a.error, rel=1e-6, abs=1e-12)


@pytest.mark.parametrize("bad", [math.nan, math.inf, -math.inf])
def test_what_is_not_a_number_fails(bad):
    check = compare("w", np.array([bad, 1.0]), np.array([1.0, 1.0]), 1e9)
    assert not check.passed
    assert check.severity == math.inf


def test_integers_must_all_be_the_same():
    check = compare_equal("order", [1, 2, 3, 4], np.array([1, 3, 2, 4], np.uint16))
    assert check.error == 0.5
    assert not check.passed
    assert compare_equal("order", [1], np.array([1], np.uint16)).passed


@pytest.mark.parametrize("measure", [compare, compare_absolute])
def test_other_shapes_are_an_error(measure):
    with pytest.raises(ValueError, match=r"w has shape \(3,\) in the golden file.* gives \(2,\)"):
        measure("w", np.zeros(2), np.zeros(3), 1.0)


def test_the_worst_is_the_one_nearest_to_its_tolerance():
    checks = (Check("a", 0.5, 1.0), Check("b", 0.09, 0.1), Check("c", 0.0, 0.0))
    result = CaseResult("x", Outcome.PASSED, checks)
    assert result.worst is checks[1]
    assert CaseResult("x", Outcome.SKIPPED).worst is None
    assert CaseResult("x", Outcome.SKIPPED).passed
    assert not CaseResult("x", Outcome.FAILED).passed
