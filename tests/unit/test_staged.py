"""Runs in stages: which examples are for what, the classifiers, and resuming."""

import dataclasses
import json

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from latticework.core.task import Dataset
from latticework.readouts import Logistic, SigmoidSgd
from latticework.recipes import WaveRecipe, open_run, prepare, recipe, run
from latticework.recipes.wave_recipe import schedule_of
from latticework.rules import Stdp
from latticework.tasks import DataSource, PoissonIntervals, WaveImage
from latticework.topologies import Buffer, Column, Columns, Inputs, Link, Uniform
from latticework.train import Outcome, Protocol, StagingConfig
from latticework.train.staged_scores import staged_scores
from support.close import FEW_ROUNDINGS, TRAINING, close_to_largest

SMALL = WaveRecipe(
    "small",
    "rows of the middle, a column and a buffer",
    "tests",
    task=WaveImage("digits", crop=10, lines=5, stride=5),
    staging=StagingConfig(batch=16, checkpoint_every_s=0),
    wiring=Columns(
        (Inputs("row"),),
        (Column("c", 12, 40, 3),),
        (Buffer("b", "c"),),
        (Link("row", "c", Uniform(4), Stdp(40, 40, 8)), Link("b", "c", Uniform(4))),
    ),
    classifier=SigmoidSgd(epochs=2, learning_rate=1e-3),
    protocol=Protocol(examples=40),
)
OFFLINE = DataSource(offline=True)


def data(train: int, test: int = 5) -> Dataset:
    image = np.zeros((train, 28, 28), np.uint8)
    return Dataset(
        image, np.zeros(train, np.int32), image[:test], np.zeros(test, np.int32), "blank"
    )


def test_published_shares_have_the_off_by_ones_and_do_not_overlap():
    shares = Protocol(examples=30).shares(data(100), (0, 1))
    assert shares.tested is not None
    assert [part.shape for part in (shares.learned, shares.read, shares.tested)] == [
        (2, 31),
        (2, 29),
        (2, 29),
    ]
    for own in zip(shares.learned, shares.read, shares.tested, strict=True):
        assert np.unique(np.concatenate(own)).size == 89
    assert (shares.learned[0] != shares.learned[1]).any()


def test_honest_shares_leave_the_test_file_alone():
    protocol = Protocol("honest", examples=10, read=90, passes=2)
    shares = protocol.shares(data(100), (3,))
    assert shares.tested is None and shares.learned.shape == (1, 20)
    assert (shares.learned[0, :10] == shares.learned[0, 10:]).all()
    assert not np.intersect1d(shares.learned, shares.read).size
    assert protocol.num_learned == 20


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"scheme": "fair"}, "the protocol is 'fair'; one of published, honest"),
        ({"examples": 1}, "examples is 1, expected 2 or more"),
        ({"read": 5}, "the published protocol reads N - 1"),
        ({"scheme": "honest", "read": 0}, "read is 0"),
        ({"passes": 0}, "passes is 0"),
    ],
)
def test_bad_protocols_are_refused(change, sentence):
    with pytest.raises(ValueError, match=sentence):
        Protocol(**change)


def test_too_few_examples_are_refused_or_cut():
    with pytest.raises(ValueError, match=r"need 301 of the training file, but blank has 100"):
        Protocol(examples=100).check_fits(data(100))
    assert Protocol().within(data(100)).examples == 33
    assert Protocol("honest", read=999).within(data(100)) == Protocol("honest", 100, 100)


def test_scores_of_guesses_and_clusters():
    targets = np.array([[0, 0, 1, 1]])
    found = staged_scores(np.array([[0, 1, 1, 1]]), np.array([[2, 2, 2, -1]]), targets)
    assert found.accuracy == 0.75 and found.coverage == 0.75
    assert found.purity[0] == pytest.approx(2 / 3)
    each = staged_scores(np.array([[0, 0, 1, 1, 1, 1, 1, 0]]), np.full((1, 4), -1), targets)
    assert each.accuracy == 0.625 and each.purity == 0


def features(seed: int = 0):
    rng = np.random.default_rng(seed)
    targets = rng.integers(0, 3, 60)
    counts = rng.integers(0, 4, (60, 8)) + 6 * np.eye(3, 8, dtype=int)[targets]
    return counts.astype(np.uint8), targets.astype(np.int32)


def test_sigmoid_sgd_is_the_published_arithmetic():
    counts, targets = features()
    readout, key = SigmoidSgd(epochs=3, learning_rate=1e-2), jax.random.key(0)
    fit = readout.fit(jnp.asarray(counts), jnp.asarray(targets), key, 3)
    params = {name: np.asarray(v) for name, v in readout.initial(key, 8, 3).items()}
    velocity = {name: np.zeros_like(value) for name, value in params.items()}
    for _ in range(3):
        losses = []
        for row, target in zip(counts.astype(np.float32), targets, strict=True):
            y = 1 / (1 + np.exp(-(params["weight"] @ row + params["bias"])))
            error = y - np.eye(3)[target]
            losses.append((error**2).sum())
            slope = 2 * error * y * (1 - y)
            gradient = {"weight": np.outer(slope, row), "bias": slope}
            for name, value in gradient.items():
                velocity[name] = 0.9 * velocity[name] + value
                params[name] = params[name] - 1e-2 * velocity[name]
    close_to_largest(fit.params["weight"], params["weight"], TRAINING)
    assert float(fit.losses[-1]) == pytest.approx(np.mean(losses), rel=1e-4)


def test_logistic_is_scikit_learns():
    from sklearn.linear_model import LogisticRegression

    counts, targets = features()
    readout = Logistic(strength=0.5, scale=4)
    both = readout.fit_each(jnp.asarray(counts)[None], jnp.asarray(targets)[None], jnp.zeros(1), 3)
    own = jax.tree.map(lambda leaf: leaf[0], both.params)
    theirs = LogisticRegression(C=0.5, tol=1e-8, max_iter=1000).fit(counts / 4, targets)
    got = jax.nn.softmax(readout.scores(own, jnp.asarray(counts)), axis=1)
    # Two ways to the same minimum, which stop near it: not a matter of rounding.
    np.testing.assert_allclose(got, theirs.predict_proba(counts / 4), atol=2e-3)


def test_a_run_goes_on_where_it_stopped(tmp_path, monkeypatch):
    prepared = prepare(SMALL, OFFLINE)
    whole = run(prepared, (0, 1), run_dir=tmp_path / "whole")
    assert whole.outcome is Outcome.FINISHED and whole.test_accuracy is not None
    from latticework.train import staged

    calls, advance = [], staged.StagedRun._advance

    def once(self):
        calls.append(self.learned)
        if len(calls) == 2:
            raise KeyboardInterrupt
        advance(self)

    monkeypatch.setattr(staged.StagedRun, "_advance", once)
    with pytest.raises(KeyboardInterrupt):
        run(prepared, (0, 1), run_dir=tmp_path / "cut")
    monkeypatch.setattr(staged.StagedRun, "_advance", advance)
    rest = run(prepared, (0, 1), run_dir=tmp_path / "cut", resume=True)
    assert calls == [0, 16]
    for a, b in zip(jax.tree.leaves(whole.params), jax.tree.leaves(rest.params), strict=True):
        np.testing.assert_array_equal(a, b)
    np.testing.assert_array_equal(whole.test_accuracy, rest.test_accuracy)
    stored = json.loads((tmp_path / "cut" / "result.json").read_text())
    assert stored["per_seed"] == whole.test_accuracy.tolist()
    opened = open_run(tmp_path / "cut")
    assert opened.scores(prepared.dataset.test_inputs[:3]).shape == (2, 3, 10)
    with pytest.raises(ValueError, match=r"was made by another run: protocol\.examples was 40"):
        other = run_of(examples=30)
        folder = tmp_path / "cut"
        recipe_file = folder / "recipe.json"
        run(prepare(other, OFFLINE), (0, 1), run_dir=tmp_path / "other")
        edited = json.loads((tmp_path / "other" / "recipe.json").read_text())
        edited["run"] = json.loads(recipe_file.read_text())["run"]
        recipe_file.write_text(json.dumps(edited))
        run(prepare(other, OFFLINE), (0, 1), run_dir=folder, resume=True)


def run_of(**changes) -> WaveRecipe:
    return dataclasses.replace(SMALL, protocol=Protocol(**changes))


@pytest.mark.all
def test_every_way_of_reading_and_coding():
    for reads, number in (("last", 12), ("all", 24), ("each", 12)):
        one = dataclasses.replace(SMALL, reads=reads, code=PoissonIntervals())
        assert one.learner().num_features == number
        result = run(prepare(one, OFFLINE), (0,))
        assert result.test_accuracy is not None and 0 <= result.test_accuracy[0] <= 1
        again = run(prepare(one, OFFLINE), (0,))
        np.testing.assert_array_equal(result.test_accuracy, again.test_accuracy)


def test_the_general_loop_can_learn_by_plasticity_too():
    learner = SMALL.learner()
    params = learner.init((0,))
    raw = prepare(SMALL, OFFLINE).dataset
    shown = SMALL.task.encode(jnp.asarray(raw.train_inputs[:1]))[None]
    update = learner.updates(params, shown, jnp.zeros((1, 1), jnp.int32), jnp.zeros(1))
    after = learner.learn(params, shown, 0)
    moved = params["weights"]["row>c"] - update.direction["weights"]["row>c"]
    close_to_largest(moved, after["weights"]["row>c"], FEW_ROUNDINGS)


def test_semantics_by_name():
    assert schedule_of("both", 8).right_winners and not schedule_of("both", 8).keeps_last_step
    with pytest.raises(ValueError, match="semantics is 'fixed'; one of faithful"):
        schedule_of("fixed", 8)
    v2 = recipe("tnn-v2")
    assert isinstance(v2, WaveRecipe)
    assert v2.columns != dataclasses.replace(v2, semantics="corrected").columns
