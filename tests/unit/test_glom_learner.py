"""GLOM learning: gradients, the pool, denoising, the population, and whole runs."""

from dataclasses import replace

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from latticework.cells.front_end import FrontEnd
from latticework.cells.level_nets import LevelNets
from latticework.core.task import Dataset
from latticework.models.glom import Glom
from latticework.models.glom_learner import GlomLearner
from latticework.models.glom_lessons import Denoising, Evolution, Persistence, Pool
from latticework.readouts.site_vote import SiteReadout
from latticework.recipes import from_json, recipe, to_json
from latticework.schedules.settling import Settling, Snapshots
from latticework.train import Outcome, TrainingConfig, train
from latticework.train.optimisers import OptimiserConfig
from support.close import SUMS, close_to_largest

RULE = Settling(num_steps=3, snapshots=Snapshots(()), noise=0.0, initial_scale=0.0, refeed=True)
NETWORK = Glom(
    3,
    3,
    nets=LevelNets(3, 4, dropout=0.0, scale=0.5),
    front=FrontEnd(2),
    settling=RULE,
    kernel="xla",
)
LEARNER = GlomLearner(NETWORK, SiteReadout("mean_cross_entropy", gain=3.0, site_weight=0.3))
KEY = jax.random.split(jax.random.key(1), 1)


def batch(count=8):
    """Bright or dark images, classes 0 and 1, one seed."""
    targets = jnp.arange(count, dtype=jnp.int32)[None] % 2
    pixels = jax.random.uniform(jax.random.key(0), (1, count, 9, 4), jnp.float32)
    return 0.5 * pixels + 0.5 * targets[..., None, None].astype(jnp.float32), targets


def one_seed(params):
    return jax.tree.map(lambda p: p[0], params)


def test_the_gradient_is_that_of_finite_differences():
    network = replace(NETWORK, settling=replace(RULE, snapshots=Snapshots((2,)), update="average"))
    learner = replace(LEARNER, network=network)
    params = jax.tree.map(lambda p: p.astype(jnp.float64), learner.init([0]))
    inputs, targets = batch(2)
    inputs = inputs.astype(jnp.float64)
    run = jax.jit(lambda p: learner.updates(p, inputs, targets, KEY))
    update = run(params)
    forward = jax.jit(lambda p: learner._loss(one_seed(p), inputs[0], targets[0], None, KEY[0])[0])
    rng = np.random.default_rng(0)
    for name, value in params.items():
        way = jnp.asarray(rng.normal(size=value.shape))
        losses = [forward({**params, name: value + s * 1e-6 * way}) for s in (1, -1)]
        slope = float(losses[0] - losses[1]) / 2e-6
        assert slope == pytest.approx(float(jnp.sum(update.direction[name] * way)), rel=1e-5)
        assert slope != 0


@pytest.mark.all
def test_the_pool_fills_and_goes_on():
    learner = replace(LEARNER, persistence=Persistence(8, fresh=0.2, mutated=0.3, damaged=0.2))
    params, pool = learner.init([0]), learner.init_memory([0])
    assert isinstance(pool, Pool)
    inputs, targets = batch(8)
    learn = jax.jit(learner.learn)
    first, pool = learn(params, pool, inputs, targets, KEY)
    assert bool(pool.filled.all())
    plain = learner.updates(
        params, inputs, targets, jax.vmap(lambda k: jax.random.split(k)[1])(KEY)
    )
    close_to_largest(first.loss, plain.loss, SUMS)
    np.testing.assert_array_equal(pool.pixels, inputs)
    later, after = learn(params, pool, 1 - inputs, 1 - targets, jax.random.split(KEY[0], 1))
    renewed = np.asarray((after.pixels == 1 - inputs).all(axis=(2, 3)))[0]
    assert 0 < renewed.sum() < 8, "some keep looking at what they looked at"
    assert np.array_equal(after.targets[0] == pool.targets[0], ~renewed)
    assert float(later.loss[0]) != float(first.loss[0])


def test_a_pool_must_fit_the_batch():
    learner = replace(LEARNER, persistence=Persistence(9))
    with pytest.raises(ValueError, match="pool_size is 9, expected a multiple of the batch"):
        learner.learn(learner.init([0]), learner.init_memory([0]), *batch(8), KEY)
    with pytest.raises(ValueError, match="the shares fresh, mutated and damaged"):
        Persistence(8, fresh=0.6, mutated=0.6)


def test_denoising_adds_its_parameters_and_teaches_them():
    learner = replace(LEARNER, denoising=Denoising(0.5, hide=0.5))
    params = learner.init([0])
    assert params["decode"].shape == (1, 4, 4)
    update = jax.jit(learner.updates)(params, *batch(), KEY)
    assert float(jnp.max(jnp.abs(update.direction["decode"]))) > 0
    assert set(LEARNER.init([0])) == set(params) - {"decode", "decode_bias"}
    bottom = NETWORK.see(batch()[0][0]).bottom
    shown = np.asarray(Denoising(1.0, hide=0.5).damage(bottom, KEY[0]))
    blind = (shown == 0).all(axis=0)
    assert 0.2 < blind.mean() < 0.8
    assert np.array_equal(shown[:, ~blind], np.asarray(bottom)[:, ~blind])


@pytest.mark.all
def test_a_population_points_where_the_gradient_does():
    params, (inputs, targets) = LEARNER.init([0]), batch()
    own = jax.jit(LEARNER.updates)(params, inputs, targets, KEY).direction
    evolving = replace(LEARNER, evolution=Evolution(pairs=200, sigma=1e-3, share=1.0))
    told = jax.jit(evolving.updates)(params, inputs, targets, KEY).direction
    flat = [np.concatenate([np.ravel(leaf) for leaf in jax.tree.leaves(d)]) for d in (own, told)]
    cosine = flat[0] @ flat[1] / np.linalg.norm(flat[0]) / np.linalg.norm(flat[1])
    assert cosine > 0.2, "200 pairs in about 900 dimensions"


def dataset(count=64) -> Dataset:
    inputs, targets = batch(count)
    raw = np.asarray(inputs[0] * 255, np.uint8)
    return Dataset(raw, np.asarray(targets[0]), raw[:10], np.asarray(targets[0][:10]), "bright")


def encode(raw):
    return raw.astype(jnp.float32) / np.float32(255)


def run(learner, epochs=2, folder=None, resume=False, rate=1e-2):
    return train(
        learner,
        dataset(),
        encode,
        TrainingConfig(epochs=epochs, batch_size=8, chunk_steps=3),
        OptimiserConfig(learning_rate=rate),
        [0, 1],
        run_dir=folder,
        resume=resume,
    )


@pytest.mark.all
def test_two_seeds_learn_and_a_run_with_a_pool_resumes_bit_for_bit(tmp_path):
    learner = replace(LEARNER, persistence=Persistence(16))
    whole = run(learner, 4)
    assert (whole.test_accuracy >= 0.8).all(), "chance is 0.5"
    run(learner, 2, tmp_path / "run")
    resumed = run(learner, 4, tmp_path / "run", resume=True)
    jax.tree.map(np.testing.assert_array_equal, whole.params, resumed.params)


def test_a_run_that_stops_being_finite_says_at_which_step():
    result = run(replace(LEARNER, readout=SiteReadout("mse")), rate=1e38)
    assert result.outcome is Outcome.NON_FINITE
    assert "step" in result.message


@pytest.mark.parametrize("name", ["glom-mnist-faithful", "glom-mnist", "glom-mnist-persistent"])
def test_recipes_are_whole(name):
    one = recipe(name)
    one.check()
    assert one.num_parameters <= 9040
    assert from_json(to_json(one)) == one


def test_recipes_that_do_not_fit_say_so():
    one = recipe("glom-mnist")
    with pytest.raises(ValueError, match="the front end takes patches of 2"):
        replace(one, front=FrontEnd(2)).check()
    with pytest.raises(ValueError, match="GLOM sees patches of an image, and RowImage"):
        replace(one, task=recipe("grid-bptt").task).check()
    with pytest.raises(ValueError, match="vectors have 9 entries, expected at least 10"):
        replace(one, nets=replace(one.nets, vector_length=9)).check()
    with pytest.raises(ValueError, match="pool_size is 100, expected a multiple of the batch"):
        replace(one, persistence=Persistence(100)).check()
