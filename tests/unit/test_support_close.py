"""The measure that the tests of parity use."""

import numpy as np
import pytest

from support.close import close_to_largest, largest_error


def test_each_leaf_is_measured_by_its_own_largest_entry():
    expected = {"a": np.array([641.0, 1e-3]), "b": np.array([1.0, 2.0])}
    got = {"a": np.array([641.0, 1e-3 + 6.41]), "b": np.array([1.0, 2.1])}
    assert largest_error(got, expected) == pytest.approx(0.05)
    assert largest_error({"a": got["a"]}, {"a": expected["a"]}) == pytest.approx(0.01)


def test_where_zero_is_expected_the_largest_of_the_tree_counts():
    expected = {"a": np.zeros(2), "b": np.array([4.0])}
    assert largest_error({"a": np.array([0, 1.0]), "b": expected["b"]}, expected) == 0.25
    assert largest_error(np.array([0.5]), np.zeros(1)) == 0.5


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
def test_what_is_no_number_is_never_close(bad):
    right = np.array([1.0, 2.0])
    assert largest_error(np.array([bad, 2.0]), right) == np.inf
    assert largest_error(right, np.array([bad, 2.0])) == np.inf
    assert largest_error(np.array([bad, 2.0]), np.array([bad, 2.0])) == 0
    with pytest.raises(AssertionError, match="inf of the largest value"):
        close_to_largest([right, np.array([bad])], [right, np.ones(1)], 1.0)


def test_other_shapes_and_trees_are_not_close():
    with pytest.raises(AssertionError, match="is not"):
        largest_error(np.zeros(2), np.zeros(3))
    with pytest.raises(ValueError):
        largest_error([np.zeros(2)], [np.zeros(2), np.zeros(2)])
