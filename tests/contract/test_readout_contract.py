"""What every readout must do."""

from dataclasses import dataclass

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from latticework.core.readout import AbstractCountedReadout, AbstractReadout
from latticework.core.topology import Wiring
from latticework.readouts import READOUTS, PortSum
from latticework.topologies import Diagonal, Grid, SmallWorld, Windows
from support.instances import instances

SMALL = (Grid(3, 2), Diagonal(6, 2, 3), SmallWorld(3, 3, 2))
WIRINGS = [topology.wiring for topology in (*SMALL, Windows(8, 2, num_classes=3))]


def check_readout(readout: AbstractReadout, wiring: Wiring) -> None:
    rng = np.random.default_rng(1)
    cells, classes = wiring.num_cells, wiring.num_classes
    outputs = jnp.asarray(rng.standard_normal((cells, 2)))
    gradient = jnp.asarray(rng.standard_normal((classes, 2)))
    read, spread = readout.read(wiring, outputs), readout.spread(wiring, gradient)
    assert read.shape == (classes, 2)
    assert spread.shape == (cells, 2)
    # Trailing axes pass through one by one.
    for lane in range(2):
        assert np.allclose(readout.read(wiring, outputs[:, lane]), read[:, lane], atol=1e-14)
        assert np.allclose(readout.spread(wiring, gradient[:, lane]), spread[:, lane], atol=1e-14)
    assert not np.any(np.asarray(readout.read(wiring, jnp.zeros((cells, 2)))))
    assert np.allclose(readout.read(wiring, 3 * outputs), 3 * read, atol=1e-13)
    # <gradient, read(outputs)> = <spread(gradient), outputs>
    assert np.allclose(jnp.vdot(gradient, read), jnp.vdot(spread, outputs), atol=1e-13)
    jacobian = jax.jacobian(lambda y: readout.read(wiring, y))(outputs[:, 0])
    assert np.all(np.abs(np.asarray(jacobian)).sum(axis=1) > 0), "a class reads nothing"
    if isinstance(readout, AbstractCountedReadout):
        counts = readout.counts(wiring)
        assert np.issubdtype(counts.dtype, np.integer)
        assert np.allclose(jacobian, readout.gain * counts, atol=1e-15)
    single = readout.read(wiring, outputs.astype(jnp.float32))
    assert single.dtype == jnp.float32


@pytest.mark.parametrize("wiring", WIRINGS, ids=["grid", "diagonal", "small_world", "windows"])
@pytest.mark.parametrize("readout", instances(READOUTS))
def test_registered(readout, wiring):
    check_readout(readout, wiring)


@dataclass(frozen=True)
class Mean(AbstractReadout):
    """The mean over the ports of a class."""

    def read(self, wiring, outputs):
        return outputs[wiring.readout_ports].mean(axis=1)

    def spread(self, wiring, gradient):
        transposed = jax.linear_transpose(
            lambda y: self.read(wiring, y),
            jax.ShapeDtypeStruct((wiring.num_cells, *gradient.shape[1:]), gradient.dtype),
        )
        return transposed(gradient)[0]


@dataclass(frozen=True)
class NotTransposed(AbstractReadout):
    """Gives every port a whole gradient where `read` takes the mean."""

    def read(self, wiring, outputs):
        return Mean().read(wiring, outputs)

    def spread(self, wiring, gradient):
        return PortSum(gain=2.0).spread(wiring, gradient)


def test_a_new_readout_is_covered(monkeypatch):
    monkeypatch.setitem(READOUTS.entries, "mean", Mean)
    (new,) = [param.values[0] for param in instances(READOUTS) if param.id.startswith("mean")]
    for wiring in WIRINGS:
        check_readout(new, wiring)


def test_a_broken_readout_is_caught():
    with pytest.raises(AssertionError):
        check_readout(NotTransposed(), WIRINGS[1])
