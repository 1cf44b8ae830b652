"""The fixed code words."""

import numpy as np
import pytest

from latticework.readouts import OutputCode, PortSum
from latticework.topologies import Diagonal, Grid, RingLayers, Windows


@pytest.mark.parametrize("topology", [Windows(48), RingLayers(), Diagonal(9, 2, 3), Grid(3, 4)])
def test_every_cell_counts_for_half_of_the_classes(topology):
    wiring = topology.wiring
    code = OutputCode(seed=2).counts(wiring)
    assert code.shape == (wiring.num_classes, wiring.num_cells)
    is_read = np.abs(code).sum(axis=0) > 0
    feeds = np.isin(np.arange(wiring.num_cells), wiring.edges[:, 0])
    ports = np.isin(np.arange(wiring.num_cells), wiring.readout_ports)
    assert np.array_equal(is_read, ports | ~feeds)
    assert np.array_equal(np.unique(code[:, is_read]), [-1, 1])
    assert set(code[:, is_read].sum(axis=0).tolist()) == {wiring.num_classes % 2}


def test_the_code_is_drawn_from_its_seed():
    wiring = Windows(48).wiring
    codes = [OutputCode(seed=seed).counts(wiring) for seed in (0, 0, 1)]
    assert np.array_equal(codes[0], codes[1])
    assert not np.array_equal(codes[0], codes[2])
    words = {tuple(word) for word in codes[0].tolist()}
    assert len(words) == 10, "no two classes have the same word"


def test_port_sums_count_what_they_read():
    counts = PortSum().counts(RingLayers().wiring)
    assert counts.sum() == 20
    assert np.flatnonzero(counts[4]).tolist() == [116, 126]


@pytest.mark.parametrize("gain", [0.0, -1.0])
def test_a_gain_that_is_no_gain_is_refused(gain):
    with pytest.raises(ValueError, match="expected a positive number"):
        OutputCode(gain=gain)
