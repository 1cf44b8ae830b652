"""What is no accuracy is not called one in what is written.

In memory every score is an accuracy, as of most learners. In files and in JSON the entries of a
learner with another score are `train_score` and `test_score`, and `score` says what it is.
"""

from collections.abc import Mapping
from typing import Any

from latticework.core.learner import ACCURACY

SCORE = "score"
_NAMES = {"train_accuracy": "train_score", "test_accuracy": "test_score"}
_BACK = {written: name for name, written in _NAMES.items()}


def named(record: Mapping[str, Any]) -> dict[str, Any]:
    """A record as it is written."""
    return _renamed(record, _NAMES) if score_of(record) != ACCURACY else dict(record)


def unnamed(record: Mapping[str, Any]) -> dict[str, Any]:
    """A record that was written; an earlier version wrote every score as an accuracy."""
    return _renamed(record, _BACK) if score_of(record) != ACCURACY else dict(record)


def score_of(record: Mapping[str, Any]) -> str:
    """What a record's score is."""
    return record.get(SCORE, ACCURACY)


def score_entry(name: str) -> dict[str, str]:
    """The entry that says what the score is; none for an accuracy."""
    return {} if name == ACCURACY else {SCORE: name}


def _renamed(record: Mapping[str, Any], names: Mapping[str, str]) -> dict[str, Any]:
    inside = {
        key: _renamed(value, names)
        for key, value in record.items()
        if key == "per_seed" and isinstance(value, Mapping)
    }
    return {names.get(key, key): inside.get(key, value) for key, value in record.items()}
