"""A network's forward pass, against the published equations cell by cell."""

import dataclasses

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from latticework.cells import LeakyTanh
from latticework.core.cell import autodiff_partials
from latticework.models import grid, leaky_network
from latticework.topologies import Diagonal, SmallWorld
from support.probe import jit

DT = 1e-3


def by_hand(params, inputs, rows: int, cols: int):
    """The grid in plain Python: left and top neighbours of the same step."""
    tau = np.exp(np.asarray(params["log_tau"]))
    decay, weight, bias = np.exp(-DT / tau), np.asarray(params["weight"]), params["bias"]
    state, output = np.zeros(rows * cols), np.zeros(rows * cols)
    states, outputs = [], []
    for channels in np.asarray(inputs):
        for i in range(rows):
            for j in range(cols):
                k = i * cols + j
                left = output[k - 1] if j else channels[i]
                top = output[k - cols] if i else 0.0
                drive = weight[k, 0] * left + weight[k, 1] * top
                state[k] = decay[k] * state[k] + (1 - decay[k]) * drive
                output[k] = np.tanh(state[k] + bias[k])
        states.append(state.copy())
        outputs.append(output.copy())
    return np.array(states), np.array(outputs)


def test_forward_is_the_published_sweep():
    rows, cols = 3, 4
    network = grid(rows, cols, LeakyTanh(dt=DT))
    params = {k: v.astype(jnp.float64) for k, v in network.init(jax.random.key(3)).items()}
    inputs = np.random.default_rng(0).standard_normal((5, rows))
    activity = jit(network.forward)(params, jnp.asarray(inputs))
    states, outputs = by_hand(params, inputs, rows, cols)
    assert np.allclose(activity.states, states, atol=1e-15)
    assert np.allclose(activity.outputs, outputs, atol=1e-15)
    assert np.allclose(activity.readouts, outputs[:, -cols:], atol=1e-15)
    assert activity.inputs.shape == (5, rows * cols, 2)
    assert np.array_equal(activity.inputs[:, 0, 0], inputs[:, 0])
    # A signal crosses the whole grid within its first step.
    assert np.abs(activity.readouts[0]).min() > 0


def test_sizes():
    assert grid().num_parameters == 1120
    assert grid().wiring.summary()["cells"] == 280
    diagonal = leaky_network(Diagonal(4, 3, 2))
    assert diagonal.num_parameters == 4 * (3 + 2)
    # A slot without a weight is no parameter, though the table is as wide as the widest cell.
    small_world = leaky_network(SmallWorld(3, 3, num_long_edges=4))
    assert small_world.wiring.num_slots > 2
    assert small_world.num_parameters == 9 * (2 + 2) + 4


def test_states_begin_at_zero_in_the_parameters_precision():
    network = grid(2, 2)
    params = network.init(jax.random.key(0))
    assert network.zero_state(params).dtype == jnp.float32
    double = {k: v.astype(jnp.float64) for k, v in params.items()}
    assert network.zero_state(double).dtype == jnp.float64
    assert not network.zero_state(double).any()


@pytest.mark.parametrize("shape", [(5, 3), (3,), (2, 5, 1)])
def test_inputs_with_other_channels_are_refused(shape):
    network = grid(2, 2)
    with pytest.raises(ValueError, match=r"Grid takes \[\.\.\., time, 2\] .* set the task's"):
        network.check_inputs(shape)
    network.check_inputs((7, 5, 2))


def test_networks_are_values():
    assert grid(3, 2) == grid(3, 2)
    assert hash(grid(3, 2)) == hash(grid(3, 2))
    assert grid(3, 2) != grid(2, 3)
    other = dataclasses.replace(grid(3, 2), cell=LeakyTanh(dt=2e-3))
    assert other != grid(3, 2)


def test_autodiff_partials_by_hand():
    """One cell, two slots: the formulas of the specification."""
    cell = LeakyTanh(dt=DT)
    tau, bias = 4e-3, 0.2
    params = {
        "log_tau": jnp.array([np.log(tau)]),
        "weight": jnp.array([[0.5, -2.0]]),
        "bias": jnp.array([bias]),
    }
    state, inputs = jnp.array([0.3]), jnp.array([[1.0, 0.25]])
    a, drive = np.exp(-DT / tau), 0.5 * 1.0 - 2.0 * 0.25
    slope = 1 - np.tanh(a * 0.3 + (1 - a) * drive + bias) ** 2
    for partials in (
        autodiff_partials(cell, params, state, inputs),
        cell.partials(params, state, inputs),
    ):
        assert partials.state_by_state == pytest.approx(a)
        assert np.allclose(partials.state_by_input, (1 - a) * np.array([[0.5, -2.0]]))
        assert partials.state_by_params["log_tau"] == pytest.approx(a * DT / tau * (0.3 - drive))
        assert np.allclose(partials.state_by_params["weight"], (1 - a) * np.asarray(inputs))
        assert partials.state_by_params["bias"] == pytest.approx(0)
        assert partials.output_by_state == pytest.approx(slope)
        assert partials.output_by_params["bias"] == pytest.approx(slope)
        assert not np.any(partials.output_by_params["weight"])


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        ({"dt": 0.0}, "dt is 0.0, expected a positive number of seconds"),
        ({"tau_min": 0.0}, "must satisfy 0 < tau_min <= tau_max"),
        ({"tau_min": 3e-2, "tau_max": 2e-2}, "tau_min 0.03 and tau_max 0.02"),
        ({"bias_std": -1.0}, "bias_std is -1.0, expected 0 or more"),
    ],
)
def test_cells_that_cannot_be_are_refused(arguments, sentence):
    with pytest.raises(ValueError, match=sentence):
        LeakyTanh(**arguments)
