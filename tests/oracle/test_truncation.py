"""What cutting traces at a number of hops leaves out, and what it leaves exact."""

import itertools

import jax
import numpy as np
import pytest

from latticework.cells import LeakyTanh
from latticework.core.network import Network
from latticework.models import leaky_network
from latticework.rules import Bptt, HopTrace
from latticework.topologies import Grid, SmallWorld
from support.probe import jit, network_on, probe, relative_error

EXACT = 1e-12
MEASURABLE = 1e-3


def gradients(network: Network, rules, mode: str, num_steps: int) -> list[dict]:
    """Per rule, the direction of the first example, group by group."""
    params, inputs, targets = probe(network, num_steps=num_steps)

    @jit
    def run(params):
        return [
            rule.gradient(network, params, inputs[0], targets[0], loss_mode=mode).direction
            for rule in rules
        ]

    return [jax.tree.map(np.asarray, direction) for direction in run(params)]


@pytest.mark.parametrize(
    "topology", [Grid(4, 4), SmallWorld(4, 3, num_long_edges=5)], ids=["grid", "small_world"]
)
def test_one_step_is_exact_whatever_the_hops(topology):
    """Nothing is remembered yet, and within a step the message is exact."""
    rules = (Bptt(), HopTrace(hops=0), HopTrace(hops=1))
    exact, *cut = gradients(network_on(topology), rules, "per_t", num_steps=1)
    for direction in cut:
        for name, value in exact.items():
            assert relative_error(direction[name], value) < EXACT


@pytest.mark.parametrize("mode", ["sum", "per_t"])
def test_which_cells_of_the_grid_one_hop_leaves_exact(mode):
    """Those whose every descendant is one hop away: the corner where the grid ends."""
    rows, cols = 4, 3
    exact, cut = gradients(network_on(Grid(rows, cols)), (Bptt(), HopTrace(hops=1)), mode, 8)
    last = rows * cols - 1
    ends = [last, last - 1, last - cols]
    others = [cell for cell in range(rows * cols) if cell not in ends]
    for name, value in exact.items():
        scale = np.abs(value).max()
        off = np.abs(cut[name] - value).reshape(rows * cols, -1).max(axis=1) / scale
        assert off[ends].max() < EXACT
        # In row 0 even the bias's error is small, but there is one everywhere.
        assert off[others].min() > 1e-9
        assert off[others].max() > MEASURABLE


@pytest.mark.parametrize(("rows", "cols"), [(1, 2), (2, 1), (2, 2)])
def test_one_hop_on_the_smallest_grids(rows, cols):
    """Exact on 1x2 and 2x1 (2x1 has one class, so all is zero); not on 2x2."""
    network = network_on(Grid(rows, cols))
    exact, cut = gradients(network, (Bptt(), HopTrace(hops=1)), "per_t", 8)
    off = max(relative_error(cut[name], value) for name, value in exact.items())
    is_exact = HopTrace(hops=1).exact_when(network)
    assert is_exact == (rows * cols == 2)
    assert off < EXACT if is_exact else off > MEASURABLE
    assert any(value.any() for value in exact.values()) == (cols > 1)


def test_weights_that_nothing_enters_do_not_learn():
    """The top slots of row 0 own weights, as published; their gradient is exactly zero."""
    exact, cut = gradients(network_on(Grid(4, 3)), (Bptt(), HopTrace(hops=1)), "sum", 8)
    for direction in (exact, cut):
        assert not direction["weight"][:3, 1].any()
        assert direction["weight"][:3, 0].all()
        assert direction["weight"][3:].all()


@pytest.mark.all
@pytest.mark.parametrize("mode", ["sum", "per_t"])
@pytest.mark.parametrize(
    "topology", [Grid(4, 3), SmallWorld(4, 3, num_long_edges=5)], ids=["grid", "small_world"]
)
def test_more_hops_are_nearer_to_the_truth(topology, mode):
    """Mean cosine over examples, with memories that outlast a sequence of 60 steps."""
    network = leaky_network(topology, LeakyTanh(tau_min=5e-3, tau_max=200e-3, weight_gain=2.0))
    rules = [HopTrace(hops=hops) for hops in range(network.wiring.max_depth + 1)]
    cosines, errors = closeness(network, rules, mode)
    first_exact = next(n for n, rule in enumerate(rules) if rule.exact_when(network))
    assert first_exact == {"Grid": 5, "SmallWorld": 3}[type(topology).__name__]
    assert cosines[0] < 0.7
    assert cosines[1] > cosines[0] + 0.1
    assert all(a < b for a, b in itertools.pairwise(cosines[: first_exact + 1]))
    assert all(a > b for a, b in itertools.pairwise(errors[: first_exact + 1]))
    assert all(error > MEASURABLE for error in errors[:first_exact])
    assert all(error < EXACT for error in errors[first_exact:])


def closeness(
    network: Network, rules: list[HopTrace], mode: str, num_examples: int = 6
) -> tuple[np.ndarray, np.ndarray]:
    """Mean cosine to the truth, and mean distance from it relative to its length, per rule."""
    params, _, _ = probe(network)
    rng = np.random.default_rng(0)
    shape = (num_examples, 60, network.wiring.num_channels)
    # A level that stays beside noise that goes: images are like that.
    inputs = rng.standard_normal(shape) + np.abs(rng.standard_normal((num_examples, 1, shape[2])))
    targets = rng.integers(0, network.wiring.num_classes, num_examples)

    @jit
    def run(params, inputs, target):
        return [
            rule.gradient(network, params, inputs, target, loss_mode=mode).direction
            for rule in (Bptt(), *rules)
        ]

    cosines, errors = [], []
    for example in zip(inputs, targets, strict=True):
        exact, *cut = (vector(direction) for direction in run(params, *example))
        length = np.linalg.norm(exact)
        cosines.append([each @ exact / (length * np.linalg.norm(each)) for each in cut])
        errors.append([np.linalg.norm(each - exact) / length for each in cut])
    return np.mean(cosines, axis=0), np.mean(errors, axis=0)


def vector(direction: dict) -> np.ndarray:
    return np.concatenate([np.asarray(value).ravel() for value in direction.values()])
