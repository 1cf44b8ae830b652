"""The random numbers of a run depend on the run alone, whatever JAX was told to draw with."""

import contextlib
import dataclasses
import json
import re
from collections.abc import Iterator
from pathlib import Path

import jax
import numpy as np
import optax
import pytest
import train_support
from test_staged import SMALL as SMALL_WAVES

from latticework.core.fixed_point import FixedPoint
from latticework.core.seeds import key_of, own_draws
from latticework.models import Mismatch
from latticework.models.streaming import StreamingLearner
from latticework.recipes import RECIPES, prepare, recipe, run
from latticework.rules import HopTrace, NonIdealities
from latticework.tasks import Bump, DataSource
from latticework.tasks.projection import SparseProjection, _draw
from latticework.topologies import Grid
from latticework.train import OptimiserConfig, TrainingConfig

SOURCES = sorted((Path(__file__).resolve().parents[2] / "src").rglob("*.py"))
CLOCKS = ("seconds", "train_seconds", "images_per_second")

NOISY = dataclasses.replace(
    recipe("synthetic-snap1"),
    task=Bump(num_classes=3, num_channels=4, num_steps=12, num_train=120, num_test=60),
    topology=Grid(rows=4, cols=3),
    rule=HopTrace(non_idealities=NonIdealities(trace_noise=0.1, message_noise=0.1)),
    mismatch=Mismatch(gain=0.1, time_constant=0.1),
    optimiser=OptimiserConfig(storage=FixedPoint(bits=8, rounding="stochastic")),
    training=TrainingConfig(epochs=2, batch_size=20, eval_subset=30),
)


@contextlib.contextmanager
def told_otherwise() -> Iterator[None]:
    """JAX as environment variables can set it."""
    _draw.cache_clear()
    before = jax.config.jax_random_seed_offset
    jax.config.update("jax_random_seed_offset", 5)
    try:
        with jax.threefry_partitionable(False), jax.default_prng_impl("rbg"):
            yield
    finally:
        jax.config.update("jax_random_seed_offset", before)
        _draw.cache_clear()


def numbers(tree) -> list[bytes]:
    return [np.asarray(leaf).tobytes() for leaf in jax.tree.leaves(tree)]


def records(folder: Path) -> list[dict]:
    lines = [json.loads(line) for line in (folder / "metrics.jsonl").read_text().splitlines()]
    return [{name: line[name] for name in line if name not in (*CLOCKS, "run")} for line in lines]


def test_the_settings_do_change_what_jax_draws():
    draws = [np.asarray(jax.random.normal(key_of(0), (8,)))]
    with told_otherwise():
        assert jax.random.key_data(jax.random.key(0)).shape == (4,)
        draws.append(np.asarray(jax.random.normal(key_of(0), (8,))))
        with own_draws():
            draws.append(np.asarray(jax.random.normal(key_of(0), (8,))))
    assert (draws[0] != draws[1]).any()
    np.testing.assert_array_equal(draws[0], draws[2])


@pytest.mark.parametrize(
    "one",
    [
        pytest.param(NOISY, id="leaky"),
        pytest.param(SMALL_WAVES, id="tnn", marks=pytest.mark.all),
    ],
)
def test_a_run_is_the_same_under_any_setting(one, tmp_path):
    prepared = prepare(one, DataSource(offline=True))
    plain = run(prepared, (0, 1), run_dir=tmp_path / "plain")
    with told_otherwise():
        other = run(prepare(one, DataSource(offline=True)), (0, 1), run_dir=tmp_path / "other")
    assert numbers(plain.params) == numbers(other.params)
    np.testing.assert_array_equal(plain.test_accuracy, other.test_accuracy)
    assert records(tmp_path / "plain") == records(tmp_path / "other")


def test_a_run_is_taken_up_under_another_setting(tmp_path):
    whole = train_support.run(epochs=2)
    train_support.run(tmp_path, epochs=1)
    with told_otherwise():
        longer = train_support.run(tmp_path, epochs=2, resume=True)
    assert numbers(whole.params) == numbers(longer.params)


@pytest.mark.parametrize("name", ["gridnet-mnist", "glom-mnist", "tree-best", "tnn-v2"])
def test_initial_values_are_the_same_under_any_setting(name):
    learner = RECIPES[name].learner()
    plain = numbers(learner.init((3,)))
    with told_otherwise():
        assert numbers(learner.init((3,))) == plain


def streamed() -> StreamingLearner:
    rule = HopTrace(non_idealities=NonIdealities(trace_noise=0.5))
    stream = StreamingLearner(NOISY.network(), rule, optax.sgd(0.1), seed=2)
    for _ in range(3):
        stream.step(np.ones(4), target=1)
    return stream


def test_streams_and_projections_are_the_same_under_any_setting():
    plain, matrix = streamed(), SparseProjection(9, 5).matrix()
    with told_otherwise():
        assert numbers(streamed().params) == numbers(plain.params)
        np.testing.assert_array_equal(SparseProjection(9, 5).matrix(), matrix)


def test_keys_are_made_in_one_place():
    unnamed = re.compile(r"(?<!key=)\bjax\.random\.(key|PRNGKey|wrap_key_data)\((?!data, impl)")
    found = {
        path.name: matches
        for path in SOURCES
        if path.name != "seeds.py" and (matches := unnamed.findall(path.read_text()))
    }
    assert found == {}
