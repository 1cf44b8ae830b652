"""JSON from outside: what is refused, and that it is always one sentence."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from latticework.recipes import from_json, recipe, to_json
from latticework.studies.catalogue import STUDIES
from latticework.studies.study import rows_of
from latticework.train import RunFolder
from latticework.untrusted import parse_json, read_json_lines, schema

VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**63), 2**63) | st.text() | st.floats(-1e9, 1e9),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=6,
)


@given(VALUES)
def test_what_json_can_say_is_read_as_json_reads_it(value):
    for text in (json.dumps(value), json.dumps(value, ensure_ascii=False)):
        assert parse_json(text) == parse_json(text.encode()) == value


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("[" * 100_000, "nested more than 64 deep"),
        ('{"a":' * 70 + "1" + "}" * 70, "nested more than 64 deep"),
        ("9" * 5000, "5,000 digits"),
        ("[NaN]", "NaN in it is no JSON"),
        ("-Infinity", "no JSON"),
        ("[1e999]", "too large"),
        ('{"a": 1, "b": 2, "a": 3}', "'a' stands twice"),
        ('["\\ud800"]', "surrogate"),
        (b'"\xff"', "not UTF-8 from byte 1"),
        ("[1] 2", "Extra data"),
        ("", "Expecting value"),
        ("[" + "0," * (1 << 21) + "0]", "parts, more than"),
    ],
)
def test_refused_json(text, expected):
    with pytest.raises(ValueError, match=expected) as refusal:
        parse_json(text)
    assert "\n" not in str(refusal.value)


def test_a_value_is_named_by_its_place():
    check = schema.record({"seeds": schema.items(schema.whole(0))}, {"note": schema.text})
    check({"seeds": [0, 3], "other": None}, "")
    for value, expected in (
        ({"seeds": [0, True]}, r"seeds\[1\] is True, expected a whole number in 0"),
        ({"seeds": {}}, "seeds is {}, expected a list"),
        ({}, "it has no 'seeds'"),
        ([], r"it is \[\], expected an object"),
        ({"seeds": [], "note": 1}, "note is 1, expected a text"),
    ):
        with pytest.raises(ValueError, match=expected):
            check(value, "")


@pytest.mark.parametrize(
    "line",
    [
        "null",
        "[]",
        "3",
        "{}",
        '{"epoch": "1"}',
        '{"epoch": -1}',
        '{"epoch": true}',
        '{"epoch": 1, "test_accuracy": "high"}',
        '{"epoch": 1, "per_seed": [0.5]}',
        '{"epoch": 1, "per_seed": {"test_accuracy": "abc"}}',
        '{"epoch": 1, "per_seed": {"test_accuracy": [0.5, [1]]}}',
        '{"epoch": 1, "seconds": null}',
        '{"epoch": 1, "x": ' + "[" * 2000 + "]" * 2000 + "}",
    ],
)
def test_a_line_that_is_no_record_of_an_epoch(tmp_path, line):
    folder = RunFolder(tmp_path)
    folder.metrics.write_text(f'{{"epoch": 0, "per_seed": {{"test_accuracy": [1, 0]}}}}\n{line}\n')
    with pytest.raises(ValueError, match=r"metrics\.jsonl is damaged \(line 2: .*start a new run"):
        folder.read_metrics()


def test_records_of_another_number_of_seeds(tmp_path):
    folder = RunFolder(tmp_path)
    lines = [{"epoch": n, "per_seed": {"test_accuracy": [0.5] * (n + 1)}} for n in range(2)]
    folder.metrics.write_text("".join(json.dumps(line) + "\n" for line in lines))
    with pytest.raises(ValueError, match=r"of \[1, 2\] seeds"):
        folder.read_metrics()


def test_a_last_line_that_was_cut_off_is_left_out(tmp_path):
    (tmp_path / "x").write_text('{"a": 1}\n{"a"')
    assert read_json_lines(tmp_path / "x", advice="no") == [{"a": 1}]


@pytest.mark.parametrize(
    ("place", "value"),
    [
        (("topology", "rows"), "8"),
        (("topology", "rows"), 8.5),
        (("topology", "rows"), True),
        (("topology", "rows"), None),
        (("topology",), None),
        (("topology",), {"kind": "task/bump"}),
        (("topology",), {"kind": ["grid"]}),
        (("training", "epochs"), [2]),
        (("published", "by_epoch"), [0.5, "x"]),
        (("optimiser", "name"), 3),
        (("name",), 7),
        (("task",), []),
    ],
)
def test_a_recipe_of_wrong_types_is_refused_by_name(place, value):
    stored = to_json(recipe("grid-snap1-adam"))
    assert from_json(json.loads(json.dumps(stored))) == recipe("grid-snap1-adam")
    at = stored
    for name in place[:-1]:
        at = at[name]
    at[place[-1]] = value
    with pytest.raises(ValueError, match=place[-1] if value != {"kind": ["grid"]} else "no kind"):
        from_json(stored)


def test_a_recipe_without_a_field():
    stored = to_json(recipe("grid-snap1-adam"))
    del stored["name"]
    with pytest.raises(ValueError, match="lacks its field 'name'"):
        from_json(stored)


@pytest.mark.parametrize("seeds", [[], [-1], ["0"], [0, 0], [None], 3, "01", {"0": 1}, [2**40]])
def test_damaged_seeds(tmp_path, seeds):
    from latticework.recipes import read_recipe

    stored = {"recipe": to_json(recipe("grid-snap1-adam")), "seeds": seeds}
    (tmp_path / "recipe.json").write_text(json.dumps(stored))
    with pytest.raises(ValueError, match=r"not a recipe of this version .*seed"):
        read_recipe(tmp_path)


@pytest.mark.parametrize("per_seed", ["abc", {"0": 1}, [[0.5]], ["0.5"], 1])
def test_damaged_accuracies(tmp_path, per_seed):
    (tmp_path / "result.json").write_text(json.dumps({"per_seed": per_seed, "dataset": "x"}))
    with pytest.raises(ValueError, match=r"result\.json is damaged \(per_seed"):
        RunFolder(tmp_path).read_result()


@pytest.mark.parametrize("row", [{}, {"hops": None}, {"hops": "x", "cosine": []}])
def test_rows_that_a_study_did_not_write(row):
    with (
        pytest.raises(ValueError, match=r"rows\.jsonl holds rows that this study did not write"),
        rows_of("rows.jsonl"),
    ):
        STUDIES["hops"].table([row])
