"""Placing cells that do not fill a rectangle: trees side by side, in rows where they are many."""

import numpy as np

from latticework.core.topology import Wiring

_PART_ASPECT = 1.3
_PAGE_ASPECT = 2.6
"""Width over height to aim for: of one tree, and of the whole forest."""
_ROOM = 0.45
"""Free height between two rows, in heights of a tree."""


def arrange(wiring: Wiring, places: np.ndarray) -> tuple[np.ndarray, bool]:
    """Stretch flat parts downward, and break a long line of parts into rows.

    Args:
        wiring: says which cells belong together.
        places: `[cell, 2]`, from zero.

    Returns:
        The new places, and whether there is more than one row.
    """
    parts = _parts(wiring, places)
    widths = [np.ptp(places[part, 0]) + 1 for part in parts]
    levels = max(float(np.ptp(places[:, 1])), 1.0)
    places = places * np.array([1.0, max(1.0, max(widths) / (_PART_ASPECT * levels))])
    height = float(np.ptp(places[:, 1])) + max(1.0, max(widths) / 8)
    counts = range(1, len(parts) + 1)
    shapes = {rows: -(-len(parts) // rows) for rows in counts}
    aspects = {
        rows: per_row * (max(widths) + 1) / (rows * height * (1 + _ROOM))
        for rows, per_row in shapes.items()
    }
    rows = min(counts, key=lambda n: abs(np.log(aspects[n] / _PAGE_ASPECT)))
    if rows == 1:
        return places, False
    for row in range(rows):
        members = np.concatenate(parts[row * shapes[rows] : (row + 1) * shapes[rows]] or [[]])
        members = members.astype(int)
        if len(members):
            places[members, 0] -= places[members, 0].min()
            places[members, 1] += row * height * (1 + _ROOM)
    return places - places.min(axis=0), True


def _parts(wiring: Wiring, places: np.ndarray) -> list[np.ndarray]:
    """The cells of each connected part, from left to right."""
    part = np.arange(wiring.num_cells)
    for source, destination, _ in wiring.edges:
        old, new = part[destination], part[source]
        part[part == old] = new
    found = [np.flatnonzero(part == name) for name in np.unique(part)]
    return sorted(found, key=lambda cells: float(places[cells, 0].min()))
