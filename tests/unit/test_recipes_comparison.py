"""A published number stands beside its own recipe and data set, and beside no other."""

import dataclasses
from types import SimpleNamespace

import pytest

from latticework.recipes import (
    RECIPES,
    Published,
    compared,
    from_json,
    is_unchanged,
    prepare,
    published_for,
    recipe,
    to_json,
)
from latticework.recipes.comparison import ANOTHER
from latticework.report.results import RunResult
from latticework.report.tables import recipes_table, runs_table
from latticework.studies.robustness import Robustness
from latticework.studies.tnn import Tnn, versions
from latticework.tasks import DataSource
from latticework.topologies import Grid

BASE = recipe("grid-snap1-adam")


def changed(part: str, **fields):
    """The recipe with fields of one of its parts changed."""
    return dataclasses.replace(BASE, **{part: dataclasses.replace(getattr(BASE, part), **fields)})


@pytest.mark.parametrize("name", RECIPES)
def test_the_catalogue_is_unchanged_also_when_it_was_stored(name):
    known = RECIPES[name]
    assert is_unchanged(known) and is_unchanged(from_json(to_json(known)))
    assert published_for(known) == known.published


@pytest.mark.parametrize(
    "other",
    [
        changed("task", dataset="fashion-mnist"),
        changed("task", dataset="own"),
        changed("task", gain=3.0),
        changed("training", epochs=3),
        changed("training", train_size=6000),
        changed("training", batch_size=64),
        changed("optimiser", learning_rate=0.5),
        changed("optimiser", name="sgd"),
        changed("rule", hops=2),
        dataclasses.replace(BASE, topology=Grid(28, 11)),
        dataclasses.replace(BASE, loss="per_t" if BASE.loss == "sum" else "sum"),
        dataclasses.replace(RECIPES["tnn-v7"], name=BASE.name),
    ],
)
def test_a_change_that_decides_numbers_leaves_none_published(other):
    assert other != BASE
    published = published_for(other)
    assert published == Published(note=ANOTHER)
    assert (published.text, published.points, published.checked) == ("-", [], None)


@pytest.mark.parametrize(
    "other",
    [
        changed("task", fallback=False),
        changed("training", checkpoint_every_s=1.0, chunk_s=0.5, eval_every=2),
        dataclasses.replace(BASE, kernel="reference", summary="in other words"),
    ],
)
def test_what_decides_nothing_leaves_it(other):
    assert published_for(other) == BASE.published


def test_what_a_recipe_says_of_itself_does_not_count():
    """An old run folder may say anything; a recipe of one's own speaks for itself."""
    wrong = dataclasses.replace(changed("training", epochs=1), published=BASE.published)
    assert compared(wrong).published.test_accuracy is None
    own = dataclasses.replace(wrong, name="mine")
    assert compared(own) == own
    assert published_for(dataclasses.replace(BASE, published=Published(0.99))) == BASE.published


def test_a_run_on_other_data_has_none():
    prepared = prepare(changed("task", dataset="digits"), DataSource(offline=True))
    assert prepared.recipe.published == Published(note=ANOTHER)


def run_of(one) -> RunResult:
    """A result of `one`, as it is stored."""
    summary = {"mean": 0.875, "sd": None, "min": 0.875, "max": 0.875}
    record = {"seeds": [0], "epochs": 1, "outcome": "finished", "kernel": "x", "summary": summary}
    return RunResult(one, record, ())


def test_the_report_compares_only_what_was_published():
    for one, shown in ((BASE, True), (changed("task", dataset="fashion-mnist"), False)):
        runs = {BASE.name: run_of(one)}
        results = SimpleNamespace(runs=runs, studies={})
        assert (BASE.published.text in runs_table(runs)) == shown

        (line,) = [
            line
            for line in recipes_table(results, "leaky").splitlines()
            if f"`latticework train {BASE.name}`" in line
        ]
        assert BASE.published.text in line, "the recipe's own line"
        assert ("0.875" in line) == shown and ("not run" in line) != shown


def test_studies_compare_only_at_the_published_size():
    base = versions()["tnn-v7"]
    assert Tnn(*NAMES)._published(base) == base.published
    assert Tnn(*NAMES, examples=500)._published(base).test_accuracy is None
    assert Robustness(*NAMES)._is_published()
    for other in ({"epochs": 1}, {"train_size": None}, {"signals": ("broadcast",)}):
        assert not Robustness(*NAMES, **other)._is_published()


NAMES = ("name", "summary", "source")
