"""What a rule of plasticity is expected to do on given activity, case by case."""

from collections.abc import Mapping

import numpy as np

from latticework.kernels.wave_problem import WaveProblem
from latticework.rules.stdp import UNITS, Stdp

CASES = ("capture", "minus", "search", "backoff")
Drift = dict[str, float]


def case_table(x: np.ndarray, y: np.ndarray, lag: int) -> dict[str, np.ndarray]:
    """Which case each pair of a source and a target is in, bool `[wave, source, target]`.

    Args:
        x: steps that each source was on, `[wave, source]`.
        y: steps that each target was on, `[wave, target]`.
        lag: see `rules.Stdp`.
    """
    heard, fired = (x > 0)[:, :, None], (y > 0)[:, None, :]
    captures = x[:, :, None] >= y[:, None, :] + lag
    return {
        "capture": heard & fired & captures,
        "minus": heard & fired & ~captures,
        "search": heard & ~fired,
        "backoff": ~heard & fired,
    }


def shares(problem: WaveProblem, counts: Mapping[str, np.ndarray]) -> dict[str, Drift]:
    """How often a weight of each link is in each case, per wave.

    Args:
        problem: the network.
        counts: steps that each unit was on, `[wave, unit]` by population.
    """
    found = {}
    for link in problem.wiring.links:
        table = case_table(counts[link.source], counts[link.target], problem.lag_of(link.source))
        found[link.name] = {case: float(table[case].mean()) for case in CASES}
    return found


def expected(
    problem: WaveProblem, weights: Mapping[str, np.ndarray], counts: Mapping[str, np.ndarray]
) -> dict[str, Drift]:
    """Expected change per weight and wave by case, of every link that learns, the clamp included.

    Args:
        problem: the network.
        weights: `[source, target]` by link.
        counts: steps that each unit was on, `[wave, unit]` by population.
    """
    found = {}
    for link in problem.wiring.links:
        rule = link.rule
        if not isinstance(rule, Stdp):
            continue
        w = np.asarray(weights[link.block], np.float64)
        x, y = counts[link.source], counts[link.target]
        table = case_table(x, y, problem.lag_of(link.source))
        rest, ratio = 1 - rule.u_min / UNITS, w / rule.w_max
        up = (1 - (1 - ratio) ** 2 * rest) * (np.minimum(w + 1, rule.w_max) - w)
        down = (1 - ratio**2 * rest) * (np.maximum(w - 1, 0) - w)
        found[link.name] = {
            case: float(
                (table[case].mean(axis=0) * (up if case in ("capture", "search") else down)).mean()
                * getattr(rule, case)
                / UNITS
            )
            for case in CASES
        }
    return found


def counts_of(trains: np.ndarray) -> np.ndarray:
    """Steps that each unit is on, from trains uint32 of any shape."""
    return np.bitwise_count(trains).astype(np.int32)
