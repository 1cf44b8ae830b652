import jax
import jax.numpy as jnp
import numpy as np
import pytest

from latticework.train import order


def orders(seeds, size, epochs):
    keys = order.order_keys(seeds)
    for _ in range(epochs):
        keys, now = jax.jit(order.epoch_order, static_argnums=1)(keys, size)
        yield np.asarray(now)


@pytest.mark.parametrize(("size", "epochs"), [(6000, 5), (60000, 10)])
def test_seed_0_gets_the_published_order(golden_dir, size, epochs):
    golden = np.load(golden_dir / "grid" / "mnist_order.npz")
    for epoch, now in enumerate(orders((0,), size, epochs)):
        assert now.dtype == np.int32
        np.testing.assert_array_equal(now[0], golden[f"perm{size}_ep{epoch}"])


def test_the_published_test_subsets(golden_dir):
    golden = np.load(golden_dir / "grid" / "mnist_order.npz")
    for epoch in range(10):
        np.testing.assert_array_equal(order.subset(epoch, 10000, 2000), golden[f"val_ep{epoch}"])


def test_the_draw_does_not_depend_on_64_bit_mode():
    wide = list(orders((0, 3), 500, 2))
    noise = jax.random.key_data(order.step_keys(order.noise_keys((0, 3)), jnp.int32(9)))
    with jax.enable_x64(False):
        narrow = list(orders((0, 3), 500, 2))
        again = jax.random.key_data(order.step_keys(order.noise_keys((0, 3)), jnp.int32(9)))
    np.testing.assert_array_equal(wide, narrow)
    np.testing.assert_array_equal(noise, again)


def test_a_seed_does_not_depend_on_its_company():
    together = next(orders((0, 1, 5), 300, 1))
    for row, seed in zip(together, (0, 1, 5), strict=True):
        np.testing.assert_array_equal(np.sort(row), np.arange(300))
        np.testing.assert_array_equal(row, next(orders((seed,), 300, 1))[0])
    assert (together[0] != together[1]).any()


def test_noise_keys_are_fresh_for_every_step_and_seed():
    noise = order.noise_keys((0, 1))
    drawn = [jax.random.key_data(order.step_keys(noise, jnp.int32(step))) for step in range(5)]
    assert len(np.unique(np.concatenate(drawn), axis=0)) == 10


def test_keys_survive_being_numbers():
    keys = order.order_keys((0, 1))
    again = order.keys_of(np.asarray(order.key_data(keys)))
    np.testing.assert_array_equal(order.epoch_order(keys, 9)[1], order.epoch_order(again, 9)[1])
