"""What every learning signal must do."""

from dataclasses import dataclass

import jax.numpy as jnp
import numpy as np
import pytest

from latticework.core.schedule import Messages
from latticework.rules import SIGNALS, AbstractLearningSignal, Message, NonIdealities
from latticework.topologies import Diagonal, Grid, SmallWorld
from support.instances import instances
from support.probe import jit, network_on, probe

TOPOLOGIES = (Grid(4, 3), Diagonal(4, 3, 2), SmallWorld(3, 3, 2))
NETWORKS = [network_on(topology) for topology in TOPOLOGIES]
IDEAL = NonIdealities()


def check_signal(signal: AbstractLearningSignal, network) -> None:
    params, inputs, _ = probe(network)
    state = network.zero_state(params) + 0.1
    gradient = jnp.linspace(-1.0, 2.0, network.wiring.num_classes)

    @jit
    def run(gradient):
        now = network.schedule.step(network.cell, network.wiring, params, state, inputs[0, 0])
        partials = network.cell.partials(params, state, now.inputs)

        def at(signal, non_idealities=IDEAL, scale=1.0):
            return signal.compute(network, partials, scale * gradient, non_idealities, None)

        halves = NonIdealities(gain_positive=0.5, gain_negative=0.5)
        return at(signal), at(signal, scale=-2.0), at(signal, halves), at(Message())

    plain, scaled, halved, truth = run(gradient)
    wiring = network.wiring
    assert plain.raw.shape == plain.read.shape == (wiring.num_cells,)
    assert plain.raw.dtype == gradient.dtype
    assert np.array_equal(plain.raw, plain.read), "ideal hardware reads what is there"
    assert np.allclose(scaled.read, -2 * plain.read, atol=1e-13), "not linear in the error"
    assert np.allclose(halved.read, halved.raw / 2, atol=1e-14)
    last = wiring.readout_ports[:, 0]
    no_successor = np.isin(last, wiring.pred, invert=True)
    direct = network.readout.spread(wiring, gradient)
    ends = last[no_successor]
    assert np.allclose(plain.raw[ends], direct[ends], atol=1e-13), "a readout misses its own error"
    is_true = np.allclose(plain.read, truth.read, atol=1e-13)
    assert is_true == signal.exact_when(network)
    assert signal.exact_when(network) or not signal.is_exact


@pytest.mark.parametrize("network", NETWORKS, ids=lambda network: type(network.topology).__name__)
@pytest.mark.parametrize("signal", instances(SIGNALS))
def test_registered(signal, network):
    check_signal(signal, network)


@dataclass(frozen=True)
class Direct(AbstractLearningSignal):
    """Only what a cell's own readout says, with a claim about it."""

    claims_exact: bool = False
    is_deaf: bool = False

    @property
    def is_exact(self):
        return self.claims_exact

    def exact_when(self, network):
        return self.claims_exact or network.wiring.max_depth == 0

    def compute(self, network, partials, readout_gradient, non_idealities, key):
        raw = network.readout.spread(network.wiring, readout_gradient)
        raw = 0 * raw if self.is_deaf else raw
        return Messages(raw, non_idealities.read(raw, 0.0, 0.0))


def test_a_new_signal_is_covered(monkeypatch):
    monkeypatch.setitem(SIGNALS.entries, "direct", Direct)
    assert "direct-0" in [param.id for param in instances(SIGNALS)]
    for network in NETWORKS:
        check_signal(SIGNALS["direct"](), network)


@pytest.mark.parametrize("broken", [Direct(claims_exact=True), Direct(is_deaf=True)])
def test_a_broken_signal_is_caught(broken):
    with pytest.raises(AssertionError):
        check_signal(broken, NETWORKS[0])
