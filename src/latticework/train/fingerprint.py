"""What decides the numbers of a run, and what may change when it is resumed.

The fingerprint stands in every checkpoint. Whatever is in it must be the same when the run goes on,
except for what is listed here in `FREE`.
"""

import functools
import json
import zlib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple

from latticework.core.learner import AbstractLearner
from latticework.core.seeds import IMPLEMENTATION, PARTITIONABLE
from latticework.core.task import Dataset
from latticework.kernels.extension import simd_level
from latticework.train.description import description
from latticework.train.files import plain

FREE: Mapping[str, str] = {
    "summary": "a text",
    "source": "a text",
    "published": "what others found, for comparison",
    "training.epochs": "the length; where the step size follows a schedule, it is fixed there",
    "training.checkpoint_every_s": "how often a run is saved",
    "staging.checkpoint_every_s": "the same for a run in stages",
    "training.chunk_s": "how often the loop looks at the clock",
    "training.chunk_steps": "the same, in steps",
    "kernel": "which code path is asked for; the one that is taken is recorded beside the recipe",
}
"""Fields of a recipe, with all that is in them, that may differ when a run is resumed: none decides
a number. A change is printed."""

LAYOUT = 1
"""Version of how learners are described. Raise it when their classes change and their numbers do
not: descriptions of different layouts are not compared, recipes still are."""

VERSIONS = frozenset({"layout", "schema"})
"""Entries that say how the others are written."""

_LONGEST = 60
"""Letters of a value in a sentence."""


class Change(NamedTuple):
    """A field that is not what it was."""

    field: str
    old: Any
    new: Any

    @property
    def text(self) -> str:
        """The change in words."""
        return f"{self.field or 'it'} was {_short(self.old)} and is now {_short(self.new)}"

    @property
    def is_free(self) -> bool:
        """Whether a run may go on in spite of it."""
        return any(self.field == free or self.field.startswith(f"{free}.") for free in FREE)


def fingerprint(
    learner: AbstractLearner,
    encode: Any,
    dataset: Dataset,
    seeds: tuple[int, ...],
    recipe: Any,
    **more: Any,
) -> dict[str, Any]:
    """What decides the numbers, as JSON gives it back.

    Args:
        learner: the network and its rule; described field by field, also where there is a recipe.
        encode: raw inputs to what the learner takes; described likewise.
        dataset: raw examples.
        seeds: one number per seed.
        recipe: JSON-able description of the run.
        more: what else decides.
    """
    facts = {
        "recipe": recipe,
        "seeds": seeds,
        "kernel": learner.kernel,
        "simd": simd_level(learner.kernel),
        "dataset": dataset.name,
        "train_examples": dataset.train_inputs.shape,
        "test_examples": dataset.test_inputs.shape,
        "crc32_of_targets": functools.reduce(
            lambda crc, part: zlib.crc32(part.tobytes(), crc),
            (dataset.train_targets, dataset.test_targets),
            0,
        ),
        **more,
        "random_numbers": [IMPLEMENTATION, "partitionable" if PARTITIONABLE else "original"],
        "layout": LAYOUT,
        "learner": description(learner),
        "encode": description(encode),
    }
    return json.loads(json.dumps(plain(facts)))


class Changes(NamedTuple):
    """The changes with which a run goes on, in words.

    Args:
        free: of fields that decide no number.
        noted: after which the run is no longer bit for bit what it would have been.
    """

    free: tuple[str, ...]
    noted: tuple[str, ...]


def accepted_changes(path: Path, old: Any, new: Any, *, new_kernel: bool = False) -> Changes:
    """The changes with which a run may go on.

    Args:
        path: the checkpoint, to be named.
        old: the fingerprint in it. What an earlier version did not record is not compared.
        new: the fingerprint of the run that wants to go on.
        new_kernel: go on with another code path than the checkpoint's, which rounds otherwise.

    Raises:
        ValueError: the checkpoint belongs to another run.
    """
    skipped = {"kernel", "simd"}
    if old.get("layout", LAYOUT) != LAYOUT:
        skipped |= {"learner", "encode"}
    found = list(changes({key: value for key, value in old.items() if key not in skipped}, new))
    bound = next((change for change in found if not change.is_free), None)
    if bound is not None:
        raise ValueError(
            f"checkpoint {path} was made by another run: {bound.text}; put it back to go on with "
            "this run, or start a new one in another folder"
        )
    before, now = old.get("kernel", new["kernel"]), new["kernel"]
    if before != now and not new_kernel:
        raise ValueError(
            f"checkpoint {path} was made by another code path: kernel was {before!r} and is now "
            f"{now!r}, which rounds otherwise; to go on with it all the same, say --kernel {now} "
            "(new_kernel=True in Python)"
        )
    noted = (f"kernel changed from {before} to {now}",) if before != now else ()
    level, now_level = old.get("simd"), new.get("simd")
    if level and now_level and level != now_level:
        noted += (f"SIMD level changed from {level} to {now_level}",)
    return Changes(tuple(dict.fromkeys(change.text for change in found)), noted)


def check_made_by(path: Path, fingerprint: Mapping[str, Any], facts: Mapping[str, Any]) -> None:
    """Check that a checkpoint was made by the run that `facts` describe.

    Args:
        path: the checkpoint, to be named.
        fingerprint: in it.
        facts: entries of a fingerprint that can be had without data; the others are not compared.

    Raises:
        ValueError: it was made by another run.
    """
    known = json.loads(json.dumps(plain(facts)))
    stored = {key: value for key, value in fingerprint.items() if key in known}
    difference = first_difference(stored, known)
    if difference:
        raise ValueError(
            f"checkpoint {path} was made by another run than the recipe beside it: {difference}; "
            "put the run's own file back"
        )


def first_difference(old: Any, new: Any) -> str | None:
    """The first change, in words, with which a run may not go on; None if there is none."""
    return next((change.text for change in changes(old, new) if not change.is_free), None)


def changes(old: Any, new: Any, at: str = "") -> Iterator[Change]:
    """All places where two JSON values differ.

    What the old value lacks is no change: a field that a later version added has a default that
    stands for what was done before. Nor is a field that the same kind of part no longer has: it
    decided nothing.

    Args:
        old: what was stored.
        new: what is to go on.
        at: where these values stand.
    """
    if isinstance(old, dict) and isinstance(new, dict):
        for key, value in old.items():
            if key in VERSIONS:
                continue
            if key in new or old.get("kind") is None or old["kind"] != new.get("kind"):
                yield from changes(value, new.get(key), _place(at, key))
    elif _are_parts(old, new):
        for number, (before, after) in enumerate(zip(old, new, strict=True)):
            yield from changes(before, after, f"{at}[{number}]")
    elif old != new or isinstance(old, bool) != isinstance(new, bool):
        yield Change(at, old, new)


def _are_parts(old: Any, new: Any) -> bool:
    """Whether these are lists of parts, one as long as the other; numbers are compared together."""
    both = (old, new)
    return all(isinstance(value, list) for value in both) and (
        len(old) == len(new) and any(isinstance(entry, dict | list) for entry in [*old, *new])
    )


def _place(at: str, key: str) -> str:
    """A field by its place in the recipe, wherever the recipe stands."""
    if not at and key == "recipe":
        return ""
    return f"{at}.{key}" if at else key


def _short(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= _LONGEST else f"{text[: _LONGEST - 3]}..."
