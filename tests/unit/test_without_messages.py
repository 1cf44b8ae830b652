"""Without messages means without: what a cell of a layer of windows reads while it learns."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from latticework.cells import LeakyTanh
from latticework.core.loss import one_hot
from latticework.core.network import Network
from latticework.readouts import OutputCode, PortSum
from latticework.rules import HopTrace
from latticework.schedules import Wavefront
from latticework.topologies import RingLayers, Windows
from support.close import largest_error
from support.probe import jit

TOPOLOGY = Windows(9, 2, 1, num_columns=4, clock=True, num_classes=3)
CELL = LeakyTanh(tau_min=1e-3, tau_max=5e-3)


def network_of(readout, topology=TOPOLOGY) -> Network:
    return Network(CELL, topology, Wavefront(), readout)


def data(network: Network):
    params = jax.tree.map(lambda leaf: leaf.astype(jnp.float64), network.init(jax.random.key(3)))
    rng = np.random.default_rng(1)
    inputs = jnp.asarray(rng.standard_normal((6, network.wiring.num_channels)))
    return params, inputs


def direction_of_a_cell(own, seen, error):
    """What a cell computes by itself from its channels `[time, slot]` and its one error.

    Nothing of any other cell is an argument.
    """
    decay = jnp.exp(-CELL.dt * jnp.exp(-own["log_tau"]))

    def step(carry, seen):
        state, trace, total = carry
        drive = jnp.sum(own["weight"] * seen)
        by_log_tau = decay * CELL.dt * jnp.exp(-own["log_tau"]) * (state - drive)
        state = decay * state + (1 - decay) * drive
        trace = {
            "log_tau": decay * trace["log_tau"] + by_log_tau,
            "weight": decay * trace["weight"] + (1 - decay) * seen,
            "bias": jnp.ones(()),
        }
        slope = 1 - jnp.tanh(state + own["bias"]) ** 2
        total = {name: total[name] + error * slope * trace[name] for name in total}
        return (state, trace, total), None

    zero = jax.tree.map(jnp.zeros_like, own)
    return jax.lax.scan(step, (jnp.zeros(()), zero, zero), seen)[0][2]


@pytest.mark.parametrize("readout", [OutputCode(seed=1), PortSum()])
def test_a_cell_learns_from_what_is_its_own(readout):
    """The direction of the whole, cell by cell from own channels, trace and fixed error wires."""
    network = network_of(readout)
    params, inputs = data(network)
    scores = network.forward(params, inputs).readouts.sum(axis=0)
    error = jax.nn.softmax(scores) - one_hot(jnp.asarray(1), 3, dtype=jnp.float64)
    wires = readout.gain * readout.counts(network.wiring)
    by_itself = jit(direction_of_a_cell)
    whole = jit(
        lambda: HopTrace(hops=0).gradient(network, params, inputs, jnp.asarray(1), loss_mode="sum")
    )().direction
    for cell in range(network.wiring.num_cells):
        own = {name: value[cell] for name, value in params.items()}
        alone = by_itself(own, inputs[:, network.wiring.channel[cell]], wires[:, cell] @ error)
        same = {name: value[cell] for name, value in whole.items()}
        assert largest_error(alone, same) < 1e-12
    assert np.abs(wires).astype(bool).sum(axis=0).max() == (3 if readout != PortSum() else 1)


def held_direction(network: Network, rule: HopTrace, params, inputs, gradient):
    """The whole direction while the readouts' gradient is held, whatever the cells do."""
    memory = rule.init_memory(network, params)

    def step(memory, channels):
        made = rule.step(network, params, memory, channels, lambda _: gradient)
        return made.memory, made.direction

    _, each = jax.lax.scan(step, memory, inputs)
    return jax.tree.map(lambda leaf: leaf.sum(axis=0), each)


def moved(params, cell: int):
    """Every parameter of every cell but one changed."""
    others = (jnp.arange(len(params["bias"])) != cell).astype(jnp.float64)
    return {
        name: value + 0.3 * others.reshape((-1,) + (1,) * (value.ndim - 1))
        for name, value in params.items()
    }


RING = RingLayers((5, 5), 2, (1,), num_channels=5, num_classes=3)


@pytest.mark.parametrize(
    ("network", "is_alone"),
    [
        (network_of(OutputCode(seed=1)), True),
        (network_of(PortSum()), True),
        (network_of(PortSum(), RING), False),
    ],
)
def test_other_cells_change_nothing_while_the_scores_are_held(network, is_alone):
    params, inputs = data(network)
    gradient, rule = jnp.asarray([0.3, -0.5, 0.2]), HopTrace(hops=0)
    run = jit(lambda params: held_direction(network, rule, params, inputs, gradient))
    before = run(params)
    differences = []
    for cell in range(network.wiring.num_cells):
        after = run(moved(params, cell))
        differences += [
            float(jnp.abs(after[name][cell] - before[name][cell]).max()) for name in before
        ]
    assert (max(differences) == 0) == is_alone


def reads_of(network: Network, cell: int) -> dict[str, int]:
    """Of how many numbers of each kind the direction of a cell at one step is a function."""
    params, inputs = data(network)
    rule = HopTrace(hops=0)
    memory = rule.init_memory(network, params)
    rng = np.random.default_rng(2)
    memory = jax.tree.map(lambda leaf: jnp.asarray(rng.standard_normal(leaf.shape)), memory)

    def learned(params, memory, channels, gradient):
        made = rule.step(network, params, memory, channels, lambda _: gradient)
        return jax.tree.map(lambda leaf: leaf[cell], made.direction)

    given = (params, memory, inputs[0], jnp.asarray([0.3, -0.5, 0.2]))
    jacobians = jit(jax.jacobian(learned, argnums=(0, 1, 2, 3)))(*given)
    count = {}
    for number, kind in enumerate(("parameters", "memory", "channels", "errors")):
        count[kind] = 0
        for place, leaf in enumerate(jax.tree.leaves(given[number])):
            if not leaf.size:
                continue
            slopes = [
                np.asarray(jax.tree.leaves(by_name[number])[place])
                for by_name in jacobians.values()
            ]
            used = [np.any(one.reshape(-1, leaf.size), axis=0) for one in slopes]
            count[kind] += int(np.any(used, axis=0).sum())
    return count


@pytest.mark.parametrize(("readout", "wires"), [(OutputCode(seed=1), 3), (PortSum(), 1)])
def test_what_a_cell_reads_is_counted(readout, wires):
    network = network_of(readout)
    fan_in = network.wiring.num_slots
    for cell in (0, 8):
        assert reads_of(network, cell) == {
            "parameters": fan_in + 2,
            "memory": 1 + fan_in + 2,  # its state, and a trace for each of its parameters
            "channels": fan_in,
            "errors": wires,
        }


def test_a_cell_of_a_ring_reads_more():
    network = network_of(PortSum(), RING)
    assert reads_of(network, 0)["parameters"] > network.wiring.num_slots + 2
