"""Random wirings for hypothesis."""

import numpy as np
from hypothesis import strategies as st

from latticework.core.topology import NOTHING, Wiring


@st.composite
def wirings(draw, max_cells: int = 9) -> Wiring:
    """Directed acyclic, up to three slots, two channels; cell 0 hears channel 0."""
    num_cells = draw(st.integers(1, max_cells))
    num_slots = draw(st.integers(1, 3))
    pred = np.full((num_cells, num_slots), NOTHING)
    channel = np.full_like(pred, NOTHING)
    for cell in range(num_cells):
        for slot in range(num_slots):
            source = draw(st.integers(-2, cell - 1))
            pred[cell, slot] = max(source, NOTHING)
            if source == -2:
                channel[cell, slot] = draw(st.integers(0, 1))
    return Wiring(
        pred=pred,
        channel=channel,
        readout_ports=np.array([[num_cells - 1]]),
        num_channels=2,
        has_weight=(pred >= 0) | (channel >= 0),
        coordinates=np.stack([np.arange(num_cells)] * 2, axis=1).astype(float),
    )


def reachable(wiring: Wiring) -> np.ndarray:
    """`[from, to]` shortest distance in hops by repeated relaxation; -1 where there is no path."""
    size = wiring.num_cells
    distance = np.where(np.eye(size, dtype=bool), 0, 10**6)
    for _ in range(size):
        for src, dst, _ in wiring.edges:
            distance[:, dst] = np.minimum(distance[:, dst], distance[:, src] + 1)
    return np.where(distance >= 10**6, -1, distance)
