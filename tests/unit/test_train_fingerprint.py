"""What decides the numbers of a run is known again, and named when it is not as it was."""

import dataclasses
import functools
import json
import math
from pathlib import Path

import jax
import numpy as np
import pytest
import train_support
from train_support import SoftmaxLearner, blobs, run

from latticework.train.description import description
from latticework.train.fingerprint import (
    FREE,
    LAYOUT,
    accepted_changes,
    changes,
    fingerprint,
    first_difference,
)

WHERE = Path("run/checkpoint.safetensors")


def test_first_difference():
    old = {"a": [1, 2], "training": {"epochs": 1}}
    assert first_difference(old, {"training": {"epochs": 2}, "a": [1, 2]}) is None
    assert first_difference({"epochs": 1}, {"epochs": 2}) == "epochs was 1 and is now 2"
    assert first_difference({"a": {"b": 1}}, {"a": {}}) == "a.b was 1 and is now None"
    assert first_difference({"a": [{"b": 1}]}, {"a": [{"b": 2}]}) == "a[0].b was 1 and is now 2"
    assert first_difference({"a": [1, 3]}, {"a": [2, 3]}) == "a was [1, 3] and is now [2, 3]"
    assert first_difference({"a": [1]}, {"a": [1, 2]}) == "a was [1] and is now [1, 2]"
    assert first_difference({"a": 1}, {"a": True}) == "a was 1 and is now True"


def test_a_field_that_an_earlier_version_did_not_have_is_no_difference():
    assert first_difference({"a": {"b": 1}}, {"a": {"b": 1, "new": 3}}) is None


def test_a_field_is_named_by_its_place_in_the_recipe():
    old, new = ({"recipe": {"recipe": {"task": {"gain": gain}}, "seeds": [0]}} for gain in (1, 2))
    assert first_difference(old, new) == "task.gain was 1 and is now 2"


def test_long_values_are_cut_in_a_sentence():
    (change,) = changes({"a": list(range(99))}, {"a": []})
    assert len(change.text) < 120 and "..." in change.text


def test_what_may_change_is_said():
    old = {"recipe": {"summary": "x", "training": {"epochs": 2, "chunk_s": 1.0}}}
    new = {"recipe": {"summary": "y", "training": {"epochs": 3, "chunk_s": 1.0}}}
    old["kernel"] = new["kernel"] = "native"
    found = accepted_changes(WHERE, old, new)
    assert found.free == ("summary was 'x' and is now 'y'", "training.epochs was 2 and is now 3")
    assert found.noted == ()
    with pytest.raises(ValueError, match=r"checkpoint\.safetensors was made by another run: rule"):
        accepted_changes(WHERE, {**old, "rule": 1}, {**new, "rule": 2})


def test_another_simd_level_goes_on_and_is_noted():
    old, new = ({"kernel": "native", "simd": level} for level in ("avx2", "avx512"))
    found = accepted_changes(WHERE, old, new)
    assert found == ((), ("SIMD level changed from avx2 to avx512",))
    assert accepted_changes(WHERE, {"kernel": "native"}, new) == ((), ())


def test_epochs_of_a_part_are_not_the_length_of_the_run():
    old, new = ({"recipe": {"classifier": {"epochs": epochs}}} for epochs in (1, 2))
    assert first_difference(old, new) == "classifier.epochs was 1 and is now 2"


def test_descriptions_of_another_layout_are_not_compared():
    old = {"kernel": "a", "layout": LAYOUT - 1, "learner": {"kind": "old"}, "encode": 1}
    new = {"kernel": "a", "layout": LAYOUT, "learner": {"kind": "new"}, "encode": 2}
    assert accepted_changes(WHERE, old, new) == ((), ())
    with pytest.raises(ValueError, match=r"learner\.kind was 'old' and is now 'new'"):
        accepted_changes(WHERE, {**old, "layout": LAYOUT}, new)


def scaled(raw, by=2.0):
    return raw * by


def scaling(by):
    return lambda raw: raw * by


@dataclasses.dataclass(frozen=True)
class Part:
    size: float = 1.0
    kernel: str = "auto"

    def encode(self, raw):
        return raw * self.size


class Plain:
    def __init__(self, rate):
        self.rate = rate

    @functools.cached_property
    def square(self):
        return self.rate**2


def test_the_documentation_lists_what_may_change():
    page = Path(__file__).resolve().parents[2] / "docs" / "runs.md"
    for field in FREE:
        assert f"| `{field}` |" in page.read_text(), field


PAIRS = [
    (1, 2),
    (1.0, math.nan),
    (None, 0),
    ("a", "b"),
    ((1, 2), (2, 1)),
    ({"a": 1}, {"a": 2}),
    ({1}, {2}),
    (1j, 2j),
    (np.arange(3), np.arange(3, dtype=np.int8)),
    (np.zeros(3), np.zeros((3, 1))),
    (np.float32(1), np.float32(2)),
    (jax.random.key(0), jax.random.key(1)),
    (Part(), Part(size=2.0)),
    (Plain(1), Plain(2)),
    (Part, Plain),
    (Part().encode, Part(size=2.0).encode),
    (scaling(1), scaling(2)),
    (scaled, functools.partial(scaled, by=2.0)),
    (functools.partial(scaled, by=2.0), functools.partial(scaled, by=3.0)),
    (lambda raw: raw / 255.0, lambda raw: raw / 254.0),
    (jax.jit(scaling(1)), jax.jit(scaling(2))),
    (np.exp, np.log),
]


@pytest.mark.parametrize(("one", "other"), PAIRS)
def test_what_differs_is_described_differently(one, other):
    left, right = json.dumps(description(one)), json.dumps(description(other))
    assert left != right
    assert left == json.dumps(description(one))


def test_what_a_value_remembers_or_how_it_is_computed_is_not_described():
    plain = Plain(3)
    before = description(plain)
    assert plain.square == 9
    assert description(plain) == before
    assert description(Part(kernel="native")) == description(Part())


def test_what_holds_itself_has_a_description():
    plain = Plain(1)
    plain.rate = plain
    json.dumps(description(plain))


def prints(learner=None, encode=train_support.encode, recipe=None):
    return fingerprint(learner or SoftmaxLearner(), encode, blobs(), (0, 1), recipe)


def test_a_fingerprint_is_json_and_stays_the_same():
    assert prints() == json.loads(json.dumps(prints())) == prints()
    assert first_difference(prints(), prints()) is None


def test_without_a_recipe_learner_and_task_decide():
    assert first_difference(prints(), prints(SoftmaxLearner(noise=0.5))) == (
        "learner.noise was 0.0 and is now 0.5"
    )
    said = first_difference(prints(encode=scaling(1.0)), prints(encode=scaling(2.0)))
    assert said == "encode.encloses was [1.0] and is now [2.0]"


def test_an_edited_learner_is_not_resumed(tmp_path):
    run(tmp_path, epochs=1, recipe=None)
    with pytest.raises(ValueError, match=r"another run: learner\.noise was 0\.01 and is now 0\.02"):
        run(tmp_path, epochs=1, recipe=None, resume=True, learner=SoftmaxLearner(noise=0.02))
