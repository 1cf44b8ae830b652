"""What replaying a golden case came to."""

import enum
import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike


class Outcome(enum.Enum):
    """How a case ended."""

    PASSED = "passed"
    FAILED = "failed"
    SKIPPED = "skipped"


@dataclass(frozen=True)
class Check:
    """One quantity compared with its golden value.

    Args:
        quantity: what was compared.
        error: how far off, in the unit that `tolerance` has.
        tolerance: largest error that passes.
    """

    quantity: str
    error: float
    tolerance: float

    @property
    def passed(self) -> bool:
        """Whether the error is within the tolerance; one that is not a number is not."""
        return self.error <= self.tolerance

    @property
    def severity(self) -> float:
        """The error in units of its tolerance, to compare checks with each other."""
        if self.tolerance:
            return math.inf if math.isnan(self.error) else self.error / self.tolerance
        return 0.0 if self.error == 0 else math.inf


@dataclass(frozen=True)
class CaseResult:
    """All checks of one golden file.

    Args:
        case: "family/file", without the suffix.
        outcome: passed, failed or skipped.
        checks: one per quantity, in the order in which they were made.
        message: why it was skipped or could not be replayed, in one sentence; else empty.
        seconds: wall time.
    """

    case: str
    outcome: Outcome
    checks: tuple[Check, ...] = ()
    message: str = ""
    seconds: float = 0.0

    @property
    def passed(self) -> bool:
        """Whether nothing is wrong; a case that was skipped is not wrong."""
        return self.outcome is not Outcome.FAILED

    @property
    def worst(self) -> Check | None:
        """The check that is nearest to, or furthest beyond, its tolerance."""
        return max(self.checks, key=lambda check: check.severity, default=None)


class SkippedCaseError(Exception):
    """Raised by a replay that cannot run here, with the reason as one sentence."""


def compare(quantity: str, got: ArrayLike, expected: np.ndarray, tolerance: float) -> Check:
    """Largest difference relative to the largest expected value.

    Where everything expected is zero the difference itself counts.

    Raises:
        ValueError: the shapes differ.
    """
    check = compare_absolute(quantity, got, expected, tolerance)
    scale = float(np.max(np.abs(expected), initial=0.0))
    return Check(quantity, check.error / scale if scale else check.error, tolerance)


def compare_absolute(
    quantity: str, got: ArrayLike, expected: np.ndarray, tolerance: float
) -> Check:
    """Largest difference.

    Raises:
        ValueError: the shapes differ.
    """
    array = np.asarray(got)
    _require_same_shape(quantity, array, expected)
    difference = np.abs(array.astype(np.float64) - expected.astype(np.float64))
    return Check(quantity, float(np.max(difference, initial=0.0)), tolerance)


def compare_equal(quantity: str, got: ArrayLike, expected: np.ndarray) -> Check:
    """Fraction of entries that are not the same, for integers and draws; none may differ.

    Raises:
        ValueError: the shapes differ.
    """
    array = np.asarray(got)
    _require_same_shape(quantity, array, expected)
    return Check(quantity, float(np.mean(array != expected)), 0.0)


def _require_same_shape(quantity: str, got: np.ndarray, expected: np.ndarray) -> None:
    if got.shape != expected.shape:
        raise ValueError(
            f"{quantity} has shape {expected.shape} in the golden file, but replaying its inputs "
            f"gives {got.shape}; the file does not fit itself"
        )
