"""What is measured on the test examples of a run in stages."""

from typing import NamedTuple

import numpy as np


class StagedScores(NamedTuple):
    """Measurements per seed, float64 `[seed]`.

    Args:
        accuracy: of the classifier.
        coverage: share of examples in which anything fired at the end.
        purity: of the neurons as clusters: an example belongs to the first of those that fired,
            a neuron to its commonest class, and purity is the share that is of it.
    """

    accuracy: np.ndarray
    coverage: np.ndarray
    purity: np.ndarray


def staged_scores(guesses: np.ndarray, clusters: np.ndarray, targets: np.ndarray) -> StagedScores:
    """Scores of some seeds.

    Args:
        guesses: `[seed, example]`, or a multiple of examples where each has several.
        clusters: `[seed, example]`, the first neuron that fired, -1 for none.
        targets: `[seed, example]`.
    """
    each = np.repeat(targets, guesses.shape[1] // targets.shape[1], axis=1)
    covered = clusters >= 0
    pure = [
        _purest(own[some], classes[some])
        for own, classes, some in zip(clusters, targets, covered, strict=True)
    ]
    return StagedScores(
        (guesses == each).mean(axis=1), covered.mean(axis=1), np.asarray(pure, np.float64)
    )


def _purest(clusters: np.ndarray, classes: np.ndarray) -> float:
    """Share of examples that are of their cluster's commonest class; 0 where there is none."""
    if not clusters.size:
        return 0.0
    table = np.zeros((clusters.max() + 1, classes.max() + 1), np.int64)
    np.add.at(table, (clusters, classes), 1)
    return float(table.max(axis=1).sum() / clusters.size)
