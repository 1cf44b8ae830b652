"""Seeds: what the generator tells apart is accepted, and nothing else, at every entrance."""

import jax
import numpy as np
import optax
import pytest

from latticework.cells import LeakyTanh
from latticework.core.network import Network
from latticework.core.seeds import MOST_AT_ONCE, NUM_SEEDS, check_seeds, key_of, seeds_from
from latticework.models import Mismatch
from latticework.models.streaming import StreamingLearner
from latticework.readouts import PortSum
from latticework.recipes import prepare, recipe, run
from latticework.rules import HopTrace
from latticework.rules.learning_signals import Broadcast
from latticework.schedules import Wavefront
from latticework.tasks import Bump, DataSource, PermutedImage, RowImage
from latticework.topologies import Grid, SmallWorld, Tree
from latticework.train.order import noise_keys, order_keys

LAST = NUM_SEEDS - 1
NO_SEEDS = [-1, NUM_SEEDS, 2**63 - 1, 2**64, 1.0, "1", True, None, float("nan")]


def words(key) -> list[int]:
    return np.asarray(jax.random.key_data(key)).tolist()


@pytest.mark.parametrize("wide", [False, True])
def test_seeds_have_different_keys_in_either_width(wide):
    seeds = (0, 1, 41, 2**31 - 1, 2**31, LAST - 42, LAST)
    with jax.enable_x64(wide):
        assert [words(key_of(seed)) for seed in seeds] == [[0, seed] for seed in seeds]
        assert words(order_keys(seeds)) == [[0, (42 + seed) % NUM_SEEDS] for seed in seeds]
        assert words(noise_keys(seeds)) == [[0, (7 + seed) % NUM_SEEDS] for seed in seeds]


@pytest.mark.parametrize("number", NO_SEEDS)
def test_what_is_no_seed_is_refused_in_a_sentence(number):
    with pytest.raises(ValueError, match=r"seed is .*; a whole number from 0 to 4,294,967,295"):
        key_of(number)
    with pytest.raises(ValueError, match=r"a seed is .* expected"):
        check_seeds([0, number])


def test_the_seeds_of_a_run():
    assert check_seeds(np.arange(3)) == (0, 1, 2)
    assert all(type(seed) is int for seed in check_seeds(np.arange(3)))
    assert seeds_from(LAST, 1) == (LAST,)
    assert seeds_from(5, 2) == (5, 6)
    for wrong, sentence in (
        ([], "there is no seed"),
        ([3, 3], "a seed is given twice"),
        (range(MOST_AT_ONCE + 1), "there are 65,537 seeds; at most 65,536"),
    ):
        with pytest.raises(ValueError, match=sentence):
            check_seeds(wrong)
    with pytest.raises(ValueError, match="begin at 4294967294 or before"):
        seeds_from(LAST, 2)
    for number in (0, -1, 10**12):
        with pytest.raises(ValueError, match=f"--seeds is {number}, expected 1 or more"):
            seeds_from(0, number)


@pytest.mark.parametrize("number", [-1, NUM_SEEDS, 0.5])
@pytest.mark.parametrize(
    "make",
    [
        lambda seed: Bump(seed=seed),
        lambda seed: PermutedImage(seed=seed),
        lambda seed: RowImage(projection_seed=seed),
        lambda seed: Mismatch(seed=seed),
        lambda seed: SmallWorld(seed=seed),
        lambda seed: Tree(seed=seed),
        lambda seed: Broadcast(seed=seed),
        lambda seed: StreamingLearner(
            Network(LeakyTanh(), Grid(2, 2), Wavefront(), PortSum()),
            HopTrace(),
            optax.sgd(0.1),
            seed=seed,
        ),
        lambda seed: run(prepare(SMALL, DataSource(offline=True)), [seed]),
    ],
)
def test_every_part_that_draws_refuses_it(make, number):
    with pytest.raises(ValueError, match=r"seed is .*; a whole number from 0 to 4,294,967,295"):
        make(number)


SMALL = recipe("synthetic-snap1")
