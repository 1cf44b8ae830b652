"""The fused loop of plain SGD: the same steps as one by one."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from latticework.cells import LeakyTanh
from latticework.core.byte_encoding import ByteEncoding, in_order
from latticework.core.network import Network
from latticework.core.topology import AbstractTopology
from latticework.kernels import Problem
from latticework.kernels.native_kernel import NativeKernel
from latticework.models import LeakyLearner, diagonal, grid, small_world
from latticework.readouts import OutputCode
from latticework.recipes import RECIPES
from latticework.rules import Bptt, Broadcast, HopTrace, NonIdealities
from latticework.schedules import Wavefront
from latticework.tasks import PermutedImage, PixelImage, RowImage
from latticework.topologies import Grid, Windows
from latticework.train import OptimiserConfig
from support.close import largest_error
from support.native import (
    QUICK,
    Sizes,
    drawn,
    levels,
    needs_extension,
    sizes,
    topologies,
)

pytestmark = needs_extension

SIZES = {"log_tau": 0.4, "weight": 0.2, "bias": 0.05}
TABLE = tuple(np.linspace(-1.5, 2.0, 256).tolist())
TASKS = (
    (Bptt(), "sum"),
    (HopTrace(hops=0), "per_t"),
    (HopTrace(hops=1), "sum"),
    (HopTrace(hops=2), "per_t"),
    (HopTrace(hops=1, signal=Broadcast(seed=3)), "per_t"),
    (
        HopTrace(
            hops=1,
            non_idealities=NonIdealities(
                trace_leak=0.2, subtraction_bias=0.1, gain_positive=0.9, gain_negative=1.2
            ),
        ),
        "sum",
    ),
)
NUM_EXAMPLES, FIRST = 9, 2
THREE = in_order(TABLE, 7, 3)
IMAGES = in_order(TABLE, 28, 28)


def data(topology: AbstractTopology, size: Sizes):
    network, params, _, _ = drawn(topology, size)
    rng = np.random.default_rng(size.seed)
    shape = (NUM_EXAMPLES, size.num_steps, network.wiring.num_channels)
    pixels = jnp.asarray(rng.integers(0, 256, shape), jnp.uint8)
    targets = jnp.asarray(rng.integers(0, network.wiring.num_classes, NUM_EXAMPLES), jnp.int32)
    each = [rng.permutation(NUM_EXAMPLES) for _ in range(size.num_seeds)]
    return network, params, pixels, targets, jnp.asarray(np.stack(each), jnp.int32)


def one_by_one(kernel: NativeKernel, params, pixels, targets, order):
    """The same steps with `updates`, in Python."""
    table = jnp.asarray(TABLE, jnp.float64)
    loss = correct = 0.0
    update = jax.jit(kernel.updates)
    for step in range(FIRST, NUM_EXAMPLES):
        index = order[:, step]
        made = update(params, table[pixels[index]][:, None], targets[index][:, None])
        params = {name: params[name] - SIZES[name] * made.direction[name] for name in params}
        loss, correct = loss + made.loss, correct + made.correct
    return params, loss, correct


def fused(kernel: NativeKernel, params, pixels, *rest, start=FIRST, stop=NUM_EXAMPLES):
    steps = jax.jit(kernel.fused_sgd(SIZES, in_order(TABLE, *pixels.shape[1:])))
    return steps(params, pixels, *rest, jnp.int32(start), jnp.int32(stop))


def check(topology: AbstractTopology, size: Sizes, tasks=TASKS, **options) -> None:
    network, params, *rest = data(topology, size)
    for task in tasks:
        kernel = NativeKernel(Problem(network, *task), **options)
        if kernel.fused_refusal() is not None:
            continue
        got, loss, correct = fused(kernel, params, *rest)
        expected, expected_loss, expected_correct = one_by_one(kernel, params, *rest)
        assert largest_error(got, expected) < 1e-12, task
        assert largest_error(loss, expected_loss) < 1e-11, task
        np.testing.assert_allclose(correct, expected_correct, atol=1e-12)
        assert network.wiring.num_classes == 1 or largest_error(got, params) > 1e-9, task
        single = jax.tree.map(lambda value: value.astype(jnp.float32), params)
        rounded, _, _ = fused(kernel, single, *rest)
        assert rounded["weight"].dtype == jnp.float32
        assert largest_error(rounded, expected) < 2e-5, task


@settings(QUICK, max_examples=4)
@given(topologies(), sizes(), st.sampled_from(TASKS))
def test_the_same_as_one_by_one(topology, size, task):
    check(topology, size, (task,))


@pytest.mark.all
@settings(QUICK, max_examples=20)
@given(topologies(), sizes())
def test_the_same_as_one_by_one_with_every_task(topology, size):
    check(topology, size)


@pytest.mark.parametrize("simd", levels())
def test_every_simd_level(simd):
    check(Grid(4, 3), Sizes(2, 1, 19, 1), simd=simd)


def test_blocks_threads_and_seeds_change_nothing():
    network, params, *rest = data(Grid(3, 3), Sizes(3, 1, 7, 1))
    kernel = NativeKernel(Problem(network, HopTrace(hops=1), "sum"), num_threads=1)
    whole = fused(kernel, params, *rest, start=0)[0]
    half = fused(kernel, params, *rest, start=0, stop=4)[0]
    both = fused(kernel, half, *rest, start=4)[0]
    threaded = NativeKernel(kernel.problem, num_threads=3)
    for other in (both, fused(threaded, params, *rest, start=0)[0]):
        for a, b in zip(jax.tree.leaves(whole), jax.tree.leaves(other), strict=True):
            np.testing.assert_array_equal(a, b)
    pixels, targets, order = rest
    last = jax.tree.map(lambda value: value[2:], params)
    alone = fused(kernel, last, pixels, targets, order[2:], start=0)[0]
    np.testing.assert_array_equal(alone["weight"][0], whole["weight"][2])


def test_no_steps_change_nothing():
    network, params, *rest = data(Grid(3, 3), Sizes(2, 1, 7, 1))
    kernel = NativeKernel(Problem(network, Bptt(), "sum"))
    got, loss, correct = fused(kernel, params, *rest, start=3, stop=3)
    assert largest_error(got, params) == 0
    assert not np.any(loss) and not np.any(correct)


def test_what_cannot_be_fused_is_refused():
    noisy = HopTrace(hops=1, non_idealities=NonIdealities(message_noise=0.1))
    with pytest.raises(ValueError, match="noise"):
        NativeKernel(Problem(grid(3, 3), noisy, "sum")).fused_sgd(SIZES, THREE)
    uneven = NativeKernel(Problem(small_world(4, 3, 6), HopTrace(hops=1), "sum"))
    with pytest.raises(ValueError, match="different lengths"):
        uneven.fused_sgd(SIZES, in_order(TABLE, 7, 4))
    whole = NativeKernel(Problem(grid(3, 3), Bptt(), "sum"))
    with pytest.raises(ValueError, match="255 entries"):
        in_order(TABLE[1:], 7, 3)
    with pytest.raises(ValueError, match=r"codes of 2 steps have \[2, 3\] channels"):
        ByteEncoding(TABLE, ((256, 257, 258), (256, 257)))
    with pytest.raises(ValueError, match="shows 4 channels, and the network has 3"):
        whole.fused_sgd(SIZES, in_order(TABLE, 7, 4))
    with pytest.raises(ValueError, match=r"layout\.code has 277 at 20, expected 0 <= x < byte"):
        _, params, pixels, *rest = data(Grid(3, 3), Sizes(2, 1, 7, 1))
        steps = whole.fused_sgd(SIZES, ByteEncoding(TABLE, (*THREE.codes[:-1], (274, 275, 277))))
        steps(params, pixels, *rest, jnp.int32(0), jnp.int32(1))
    _, params, pixels, *rest = data(Grid(3, 3), Sizes(2, 1, 7, 1))
    with pytest.raises(ValueError, match="takes bytes; got float32"):
        fused(whole, params, pixels.astype(jnp.float32), *rest)


def sgd(**options) -> OptimiserConfig:
    return OptimiserConfig(name="sgd", learning_rate=1e-2, **options)


def test_the_learner_offers_it_for_plain_sgd_on_single_images():
    learner = LeakyLearner(grid(), HopTrace(hops=1), encoding=IMAGES)
    assert learner.fused_steps(sgd(), 1) is not None
    assert learner.fused_steps(sgd(), 2) is None
    assert learner.fused_steps(sgd(clip_norm=1.0), 1) is None
    assert learner.fused_steps(OptimiserConfig(), 1) is None
    assert LeakyLearner(grid(), HopTrace(hops=1)).fused_steps(sgd(), 1) is None
    other = LeakyLearner(grid(), HopTrace(hops=1), kernel_name="reference", encoding=IMAGES)
    assert other.fused_steps(sgd(), 1) is None
    uneven = LeakyLearner(small_world(4, 3, 6), HopTrace(hops=1), encoding=IMAGES)
    assert uneven.fused_steps(sgd(), 1) is None
    assert LeakyLearner(diagonal(), Bptt(), encoding=IMAGES).fused_steps(sgd(), 1) is not None


def test_recipes_tell_the_learner_what_bytes_mean():
    recipe = RECIPES["grid-snap1-sgd"]
    learner = recipe.learner()
    assert learner.fused_steps(recipe.optimiser, recipe.training.batch_size) is not None
    assert learner.encoding == recipe.task.byte_encoding()
    assert RECIPES["synthetic-snap1"].learner().encoding is None
    raw = np.random.default_rng(1).integers(0, 256, (2, 28, 28), np.uint8)
    for task in (
        RowImage(gain=3.0),
        PixelImage(gain=3.0),
        PermutedImage(seed=2),
        RowImage(gain=0.3, delays=(0, 2, 27), clock=True, column_seed=5),
    ):
        encoding = task.byte_encoding()
        assert encoding is not None
        constants = np.tile(np.arange(len(encoding.values)), (2, 1))
        known = np.concatenate([constants, raw.reshape(2, -1)], axis=1)
        meant = np.asarray(encoding.values, np.float32)[known[:, encoding.table()]]
        np.testing.assert_array_equal(meant, task.encode(jnp.asarray(raw)))
    assert RowImage(channels=7).byte_encoding() is None


def test_delays_and_a_clock_in_the_fused_loop():
    """Steps on shown bytes are the steps on what the task encodes."""
    task = RowImage(gain=1.5, delays=(0, 3), clock=True)
    topology = Windows(8, 2, 3, num_copies=2, clock=True, num_classes=3)
    network = Network(LeakyTanh(tau_max=2e-3), topology, Wavefront(), OutputCode(seed=1))
    kernel = NativeKernel(Problem(network, HopTrace(hops=0), "sum"))
    params = jax.tree.map(
        lambda leaf: leaf[None].astype(jnp.float64), network.init(jax.random.key(1))
    )
    raw = jnp.asarray(np.random.default_rng(1).integers(0, 256, (4, 28, 28)), jnp.uint8)
    targets, order = jnp.asarray([0, 2, 1, 1], jnp.int32), jnp.asarray([[2, 0, 3, 1]], jnp.int32)
    steps = kernel.fused_sgd(SIZES, task.byte_encoding())
    got, _, _ = steps(params, raw, targets, order, jnp.int32(0), jnp.int32(4))
    expected = params
    for example in order[0]:
        inputs = task.encode(raw[example]).astype(jnp.float64)[None, None]
        made = kernel.updates(expected, inputs, targets[example][None, None])
        expected = {name: expected[name] - SIZES[name] * made.direction[name] for name in expected}
    assert largest_error(got, expected) < 1e-12
    assert largest_error(got, params) > 1e-3
