"""What every topology must be."""

import dataclasses
from dataclasses import dataclass

import numpy as np
import pytest

from latticework.core.topology import NOTHING, AbstractTopology, Wiring
from latticework.topologies import TOPOLOGIES
from support.instances import instances


def check_topology(topology: AbstractTopology) -> None:
    wiring = topology.wiring
    assert wiring is topology.wiring, "the tables are built once"
    twin = dataclasses.replace(topology)
    for field in dataclasses.fields(Wiring):
        ours, theirs = getattr(wiring, field.name), getattr(twin.wiring, field.name)
        assert np.array_equal(ours, theirs), f"equal topologies differ in {field.name}"
    check_order(wiring)
    check_signal_arrives(wiring)
    assert np.all(wiring.has_weight[wiring.connected]), "what enters a slot has a weight"
    assert np.all(np.isfinite(wiring.coordinates))
    places = np.unique(wiring.coordinates, axis=0)
    assert len(places) == wiring.num_cells, "two cells are drawn at the same place"
    assert wiring.num_classes >= 1
    assert len(np.unique(wiring.readout_ports)) == wiring.readout_ports.size, "a cell is read twice"


def check_order(wiring: Wiring) -> None:
    """Cells are numbered, and depths counted, so that predecessors come first."""
    for cell, sources in enumerate(wiring.pred):
        fed_by = sources[sources != NOTHING]
        assert np.all(fed_by < cell)
        assert wiring.depth[cell] == (wiring.depth[fed_by].max() + 1 if len(fed_by) else 0)


def check_signal_arrives(wiring: Wiring) -> None:
    """Some channel reaches every cell, and every class hears of some channel."""
    hears = (wiring.channel >= 0).any(axis=1)
    for cell, sources in enumerate(wiring.pred):
        hears[cell] |= hears[sources[sources != NOTHING]].any()
    assert hears.all(), "a cell never gets any input"
    assert wiring.num_channels > wiring.channel.max()


@pytest.mark.parametrize("topology", instances(TOPOLOGIES))
def test_registered(topology):
    check_topology(topology)


@dataclass(frozen=True)
class Skips(AbstractTopology):
    """A chain whose every cell also feeds the one after the next."""

    length: int = 4

    def build(self) -> Wiring:
        cell = np.arange(self.length)
        pred = np.stack([cell - 1, np.maximum(cell - 2, NOTHING)], axis=1)
        channel = np.full_like(pred, NOTHING)
        channel[0, 0] = 0
        return Wiring(
            pred=pred,
            channel=channel,
            readout_ports=np.array([[self.length - 2], [self.length - 1]]),
            num_channels=1,
            has_weight=(pred >= 0) | (channel >= 0),
            coordinates=np.stack([cell, 0 * cell], axis=1).astype(float),
        )


@dataclass(frozen=True)
class Fickle(Skips):
    """Wired differently each time."""

    def build(self) -> Wiring:
        return dataclasses.replace(super().build(), num_channels=next(_COUNTER))


_COUNTER = iter(range(1, 1000))


@dataclass(frozen=True)
class Deaf(Skips):
    """Nothing enters."""

    def build(self) -> Wiring:
        wiring = super().build()
        return dataclasses.replace(wiring, channel=np.full_like(wiring.channel, NOTHING))


@dataclass(frozen=True)
class Stacked(Skips):
    """All cells at one place."""

    def build(self) -> Wiring:
        return dataclasses.replace(super().build(), coordinates=np.zeros((self.length, 2)))


def test_a_new_topology_is_covered(monkeypatch):
    monkeypatch.setitem(TOPOLOGIES.entries, "skips", Skips)
    monkeypatch.setitem(TOPOLOGIES.examples, "skips", (Skips(4), Skips(7)))
    new = [param.values[0] for param in instances(TOPOLOGIES) if param.id.startswith("skips")]
    assert new == [Skips(4), Skips(7)]
    for topology in new:
        check_topology(topology)


@pytest.mark.parametrize("broken", [Fickle(), Deaf(), Stacked()])
def test_a_broken_topology_is_caught(broken):
    with pytest.raises(AssertionError):
        check_topology(broken)
