import math

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest

from latticework.train import OptimiserConfig, build
from latticework.train.optimisers import schedule_factor


def stacked(seeds=2, dtype=np.float64):
    rng = np.random.default_rng(1)
    return {
        "weight": jnp.asarray(rng.normal(size=(seeds, 3, 2)), dtype=dtype),
        "bias": jnp.asarray(rng.normal(size=(seeds, 3)), dtype=dtype),
        "log_tau": jnp.asarray(rng.normal(size=(seeds, 3)), dtype=dtype),
    }


def descend(config, params, directions, total=100):
    transform = build(config, total, params)
    state = transform.init(params)
    for direction in directions:
        change, state = transform.update(direction, state, params)
        params = optax.apply_updates(params, change)
    return params


def test_sgd_with_groups_is_the_published_step():
    params = stacked()
    config = OptimiserConfig(
        "sgd", learning_rate=1e-2, group_scales=(("bias", 1 / 20), ("log_tau", 4.0))
    )
    new = descend(config, params, [params])
    for group, size in {"weight": 1e-2, "bias": 5e-4, "log_tau": 4e-2}.items():
        np.testing.assert_allclose(new[group], params[group] * (1 - size), rtol=1e-15)


def test_plain_sgd_has_no_state():
    params = stacked()
    assert not jax.tree.leaves(build(OptimiserConfig("sgd"), 10, params).init(params))


def test_every_leaf_of_the_state_has_a_seed_axis():
    params = stacked(seeds=5)
    config = OptimiserConfig(schedule="cosine", clip_norm=1.0)
    leaves = jax.tree.leaves(build(config, 10, params).init(params))
    assert leaves
    assert all(leaf.shape[0] == 5 for leaf in leaves)


def test_adam_is_the_published_equation():
    params = stacked()
    rng = np.random.default_rng(2)
    gradients = [
        jax.tree.map(lambda leaf: jnp.asarray(rng.normal(size=leaf.shape)), params)
        for _ in range(4)
    ]
    new = descend(OptimiserConfig(group_scales=(("bias", 0.5),)), params, gradients)
    for group, rate in {"weight": 3e-3, "bias": 1.5e-3, "log_tau": 3e-3}.items():
        p, m, v = np.array(params[group]), 0.0, 0.0
        for t, gradient in enumerate(gradients, start=1):
            g = np.array(gradient[group])
            m, v = 0.9 * m + 0.1 * g, 0.999 * v + 0.001 * g**2
            p -= rate * (m / (1 - 0.9**t)) / (np.sqrt(v / (1 - 0.999**t)) + 1e-8)
        np.testing.assert_allclose(new[group], p, rtol=1e-10)


def test_adam_follows_the_golden_trajectory(golden_dir):
    golden = np.load(golden_dir / "grid" / "train_28x10.npz")
    groups = ("log_tau", "w_left", "w_top", "bias")
    params = {group: jnp.asarray(golden[f"init_{group}"])[None] for group in groups}
    transform = build(OptimiserConfig(), 2, params)
    state = transform.init(params)
    for step in range(2):
        gradient = {g: jnp.asarray(golden[f"adam_grad_{g}"][step])[None] for g in groups}
        change, state = transform.update(gradient, state, params)
        params = optax.apply_updates(params, change)
        for group in groups:
            want = golden[f"adam_params_{group}"][step]
            error = np.abs(params[group][0] - want).max() / np.abs(want).max()
            assert error < 1e-12, (group, step, error)


def test_clipping_is_per_seed():
    params = stacked()
    quiet = jax.tree.map(lambda leaf: leaf.at[1].multiply(1e-3), params)
    new = descend(OptimiserConfig("sgd", learning_rate=1.0, clip_norm=0.5), params, [quiet])
    change = jax.tree.map(lambda a, b: np.array(a - b), params, new)

    def norm(seed):
        return math.sqrt(sum((leaf[seed] ** 2).sum() for leaf in change.values()))

    assert norm(0) == pytest.approx(0.5)
    for group in params:  # the small direction of seed 1 is not touched by the large one of seed 0
        np.testing.assert_allclose(change[group][1], quiet[group][1], rtol=1e-12)


def test_warm_up_and_cosine():
    config = OptimiserConfig(schedule="cosine", warmup_steps=4, final_fraction=0.1)
    factor = schedule_factor(config, 24)
    values = np.array([factor(jnp.int32(t)) for t in range(26)])
    np.testing.assert_allclose(values[:4], [0.25, 0.5, 0.75, 1.0])
    assert values[4] == 1.0
    assert values[14] == pytest.approx(0.55)  # half way: the mean of 1 and 0.1
    np.testing.assert_allclose(values[24:], 0.1, rtol=1e-6)
    assert values.dtype == np.float32


def test_a_schedule_reaches_the_parameters():
    params = stacked(seeds=1)
    ones = jax.tree.map(jnp.ones_like, params)
    config = OptimiserConfig("sgd", learning_rate=1.0, warmup_steps=2)
    new = descend(config, params, [ones, ones, ones])
    np.testing.assert_allclose(params["bias"] - new["bias"], 0.5 + 1 + 1, rtol=1e-12)


def test_the_dtype_of_the_parameters_is_kept():
    params = stacked(dtype=np.float32)
    config = OptimiserConfig(schedule="cosine", clip_norm=1.0, warmup_steps=1)
    new = descend(config, params, [params])
    assert {leaf.dtype for leaf in jax.tree.leaves(new)} == {np.dtype(np.float32)}


def test_plain_step_sizes_are_for_constant_sgd_alone():
    groups = ("weight", "bias")
    config = OptimiserConfig("sgd", learning_rate=0.1, group_scales=(("bias", 0.5),))
    assert config.plain_step_sizes(groups) == {"weight": 0.1, "bias": 0.05}
    for change in ({"name": "adam"}, {"clip_norm": 1.0}, {"warmup_steps": 1}):
        assert OptimiserConfig(**{"name": "sgd", **change}).plain_step_sizes(groups) is None
    assert OptimiserConfig("sgd", schedule="cosine").plain_step_sizes(groups) is None


def test_a_mapping_of_scales_means_the_same_as_pairs():
    pairs = OptimiserConfig(group_scales=(("weight", 1.0), ("bias", 0.05)))
    assert OptimiserConfig(group_scales={"bias": 0.05, "weight": 1}) == pairs
    assert OptimiserConfig(group_scales=[["weight", 1.0], ["bias", 0.05]]) == pairs
    assert len({pairs, OptimiserConfig(group_scales={"bias": 0.05, "weight": 1})}) == 1


def test_an_unknown_group_is_named_with_the_nearest_one():
    config = OptimiserConfig(group_scales=(("weigth", 1.0),))
    with pytest.raises(ValueError, match=r"'weigth'; did you mean 'weight'\? Known: bias, log_tau"):
        build(config, 10, stacked())


def test_a_warm_up_longer_than_the_run_is_refused():
    with pytest.raises(ValueError, match="warmup_steps is 10, but the whole run has 10 steps"):
        build(OptimiserConfig(warmup_steps=10), 10, stacked())


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"name": "adma"}, "no optimiser named 'adma'; did you mean 'adam'"),
        ({"schedule": "linear"}, "no schedule named 'linear'"),
        ({"learning_rate": 0.0}, "learning_rate is 0.0, expected a positive number"),
        ({"learning_rate": math.nan}, "learning_rate is nan"),
        ({"clip_norm": -1.0}, "clip_norm is -1.0"),
        ({"eps": 0.0}, "eps is 0.0"),
        ({"b1": 1.0}, r"b1 is 1.0, expected a number in \[0, 1\)"),
        ({"b2": -0.1}, "b2 is -0.1"),
        ({"final_fraction": 1.5}, "final_fraction is 1.5"),
        ({"warmup_steps": -1}, "warmup_steps is -1"),
        ({"group_scales": (("bias", -1.0),)}, "scale of group 'bias' is -1.0"),
        ({"group_scales": (("bias", 1.0), ("bias", 2.0))}, "names a group twice"),
    ],
)
def test_values_out_of_range_are_refused(change, message):
    with pytest.raises(ValueError, match=message):
        OptimiserConfig(**change)
