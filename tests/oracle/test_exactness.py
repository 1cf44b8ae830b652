"""Three arbiters in float64: forward mode, backward mode and finite differences."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from latticework.core.loss import sequence_loss
from latticework.core.network import Network
from latticework.models import leaky_network
from latticework.rules import Bptt, HopTrace, NonIdealities, Rtrl
from latticework.topologies import TOPOLOGIES, Diagonal, Grid, SmallWorld
from support.instances import instances
from support.probe import (
    EXACT,
    MODES,
    assert_alive,
    flat,
    jit,
    network_on,
    probe,
    registered_tasks,
    relative_error,
    results,
)

STEP = 1e-6
"""Central differences: error about STEP^2 from the curve and 1e-16 / STEP from rounding."""
DIFFERENCES = 2e-8
NUM_DIRECTIONS = 6


@pytest.mark.parametrize(
    "topology", instances(TOPOLOGIES, first_only=True, quick={"grid", "small_world"})
)
def test_rtrl_is_bptt_is_finite_differences(topology):
    network = network_on(topology)
    assert_alive(network)
    everything = results(network, registered_tasks(network))
    for mode, slopes in central_differences(network).items():
        backward = flat(everything[Bptt(), mode].direction)
        forward = flat(everything[Rtrl(), mode].direction)
        assert relative_error(forward, backward) < EXACT
        along = backward[0] @ directions(backward.shape[1]).T
        if network.wiring.num_classes == 1:
            assert not slopes.any()
        else:
            assert np.abs(slopes).max() > 1e-2, "nothing to compare"
            assert relative_error(slopes, along) < DIFFERENCES


def directions(size: int) -> np.ndarray:
    """Random directions in parameter space: together they see every parameter."""
    return np.random.default_rng(7).standard_normal((NUM_DIRECTIONS, size))


def central_differences(network: Network) -> dict[str, np.ndarray]:
    """Slope of the first example's loss along each of `directions`, per loss mode."""
    params, inputs, targets = probe(network)
    leaves, structure = jax.tree.flatten(params)
    ends = np.cumsum([leaf.size for leaf in leaves])[:-1]

    def losses(vector):
        parts = [
            part.reshape(leaf.shape)
            for part, leaf in zip(jnp.split(vector, ends), leaves, strict=True)
        ]
        readouts = network.forward(jax.tree.unflatten(structure, parts), inputs[0]).readouts
        return [sequence_loss(readouts, targets[0], mode) for mode in MODES]

    start = np.concatenate([np.asarray(leaf).ravel() for leaf in leaves])
    moves = STEP * directions(start.size)
    each = jit(jax.vmap(losses))(jnp.asarray(np.concatenate([start + moves, start - moves])))
    return {
        mode: np.asarray(values[:NUM_DIRECTIONS] - values[NUM_DIRECTIONS:]) / (2 * STEP)
        for mode, values in zip(MODES, each, strict=True)
    }


@pytest.mark.parametrize(
    "topology", [Grid(4, 3), SmallWorld(4, 3, num_long_edges=5)], ids=["grid", "small_world"]
)
def test_all_hops_are_rtrl(topology):
    network = network_on(topology)
    depth = network.wiring.max_depth
    tasks = tuple(
        (rule, "sum") for rule in (Rtrl(), HopTrace(hops=depth), HopTrace(hops=depth + 5))
    )
    exact, *reached = (flat(result.direction) for result in results(network, tasks).values())
    for direction in reached:
        assert relative_error(direction, exact) < 1e-14


def test_the_self_trace_is_exact_without_edges():
    network = network_on(Diagonal(6, 3, 2))
    tasks = tuple((rule, mode) for rule in (Bptt(), HopTrace(hops=0)) for mode in MODES)
    everything = results(network, tasks)
    for mode in MODES:
        exact, ours = (
            flat(everything[rule, mode].direction) for rule in (Bptt(), HopTrace(hops=0))
        )
        assert relative_error(ours, exact) < EXACT


def test_ideal_hardware_changes_nothing():
    """Explicit identities are what is there by default, bit for bit."""
    network = network_on(SmallWorld(4, 3, num_long_edges=5))
    explicit = NonIdealities(
        trace_leak=0.0,
        gain_positive=1.0,
        gain_negative=1.0,
        subtraction_bias=0.0,
        trace_noise=0.0,
        message_noise=0.0,
    )
    assert explicit.is_ideal
    # Next to, but not, the identity: takes the paths of imperfect hardware.
    nearly = NonIdealities(
        trace_leak=1e-15, gain_positive=1 + 1e-15, gain_negative=1.0, subtraction_bias=1e-15
    )
    assert not nearly.is_ideal
    rules = [HopTrace(hops=1, non_idealities=each) for each in (NonIdealities(), explicit, nearly)]
    assert rules[0] == rules[1]
    everything = results(network, ((rules[0], "sum"), (rules[2], "sum")))
    plain, other = (flat(result.direction) for result in everything.values())
    assert relative_error(other, plain) < 1e-13


@pytest.mark.parametrize(
    "errors",
    [
        NonIdealities(trace_leak=0.2),
        NonIdealities(gain_positive=0.8),
        NonIdealities(gain_negative=0.8),
        NonIdealities(subtraction_bias=0.1),
        NonIdealities(trace_noise=0.1),
        NonIdealities(message_noise=0.1),
    ],
    ids=lambda errors: next(
        name for name, value in vars(errors).items() if value != getattr(NonIdealities(), name)
    ),
)
def test_every_imperfection_matters_and_spares_the_forward_pass(errors):
    network = network_on(Grid(3, 2))
    params, inputs, targets = probe(network)
    rule = HopTrace(hops=1, non_idealities=errors)
    assert not rule.exact_when(network_on(Grid(1, 1)))

    def run(key):
        return [
            each.gradient(network, params, inputs[0], targets[0], loss_mode="per_t", key=key)
            for each in (rule, HopTrace(hops=1))
        ]

    ours, ideal = jit(run)(jax.random.key(3))
    assert np.array_equal(ours.readouts, ideal.readouts)
    assert ours.loss == ideal.loss
    difference = max(
        relative_error(ours.direction[name], ideal.direction[name]) for name in ideal.direction
    )
    assert 1e-5 < difference < 2


@pytest.mark.parametrize("noise", ["trace_noise", "message_noise"])
def test_noise_needs_a_key(noise):
    network = network_on(Grid(3, 2))
    params, inputs, targets = probe(network)
    rule = HopTrace(hops=1, non_idealities=NonIdealities(**{noise: 0.1}))
    with pytest.raises(ValueError, match="noise needs a random key"):
        rule.gradient(network, params, inputs[0], targets[0], loss_mode="sum")


def test_trace_leak_of_one_is_no_cross_trace():
    """A cross trace that keeps nothing of the step before adds nothing: hop 1 becomes hop 0."""
    network = leaky_network(Grid(3, 2), network_on(Grid(3, 2)).cell)
    leaky = HopTrace(hops=1, non_idealities=NonIdealities(trace_leak=1.0))
    everything = results(network, ((leaky, "sum"), (HopTrace(hops=0), "sum")))
    without, ours = (flat(everything[rule, "sum"].direction) for rule in (HopTrace(hops=0), leaky))
    assert relative_error(ours, without) < EXACT
