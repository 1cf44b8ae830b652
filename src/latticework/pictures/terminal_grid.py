"""A rectangular grid as text."""

import numpy as np

from latticework.core.topology import Wiring
from latticework.pictures.layout import map_shape_of
from latticework.pictures.terminal_words import count, paragraph

_MOST_COLS, _MOST_ROWS = 10, 5
_GAP = -1
"""Stands for the rows or columns that are left out."""
_CELL, _LINK = "[*]", "──→"
_PITCH = len(_CELL) + len(_LINK)


def is_grid(wiring: Wiring) -> bool:
    """Whether cells fill a rectangle, each fed by its left and its upper neighbour.

    Edges between cells that are no neighbours may come on top.
    """
    places = wiring.coordinates - wiring.coordinates.min(axis=0)
    if map_shape_of(places) is None:
        return False
    steps = _steps(wiring)
    is_near = np.abs(steps).max(axis=1) <= 1
    is_left, is_top = (np.all(steps == step, axis=1) for step in ((1, 0), (0, 1)))
    cols, rows = (int(extent) + 1 for extent in places.max(axis=0))
    return bool(
        is_left.sum() == rows * (cols - 1)
        and is_top.sum() == (rows - 1) * cols
        and np.all(is_left | is_top | ~is_near | _may_be_long(wiring))
    )


def draw_grid(wiring: Wiring) -> list[str]:
    """The lines of the drawing."""
    places = (wiring.coordinates - wiring.coordinates.min(axis=0)).astype(int)
    cols, rows = (places.max(axis=0) + 1).tolist()
    cell_at = {(x, y): cell for cell, (x, y) in enumerate(places.tolist())}
    shown_cols, shown_rows = _shown(cols, _MOST_COLS), _shown(rows, _MOST_ROWS)
    left = max(len(f" x{wiring.num_channels - 1} "), 4)
    class_of = {int(cell): n for n, row in enumerate(wiring.readout_ports) for cell in row}
    lines = []
    for n, row in enumerate(shown_rows):
        if row == _GAP:
            lines.append(_column_line("⋮", shown_cols, left))
            continue
        if n > 0:
            lines.append(_column_line("│", shown_cols, left))
        lines.append(_row_line(wiring, cell_at, row, shown_cols, left))
    bottom = [class_of.get(cell_at[(col, rows - 1)]) for col in shown_cols if col != _GAP]
    if any(label is not None for label in bottom):
        lines += [_column_line("↓", shown_cols, left), _readout_line(bottom, shown_cols, left)]
    size = f"{count(rows, 'row')}, {count(cols, 'column')}"
    lines += ["", *paragraph(f"{size}; outputs go right and down within a step.")]
    return lines + _long_edges(wiring, places)


def _shown(length: int, most: int) -> list[int]:
    """Indices to draw, with a gap before the last one when there are too many."""
    if length <= most:
        return list(range(length))
    return [*range(most - 2), _GAP, length - 1]


def _row_line(
    wiring: Wiring, cell_at: dict[tuple[int, int], int], row: int, cols: list[int], left: int
) -> str:
    """One row of cells, with the channel that enters it."""
    first = cell_at[(0, row)]
    channels = wiring.channel[first]
    channels = channels[channels >= 0]
    label = f" x{channels[0]}" if len(channels) else ""
    line = label.ljust(left) + (_LINK if label else " " * len(_LINK))
    for n, col in enumerate(cols):
        line += (_LINK if n else "") + (" ⋯ " if col == _GAP else _CELL)
    return line


def _column_line(mark: str, cols: list[int], left: int) -> str:
    """A mark under every column."""
    marks = (" " if col == _GAP else mark for col in cols)
    return " " * (left + len(_LINK)) + "".join(f" {sign} ".ljust(_PITCH) for sign in marks)


def _readout_line(labels: list[int | None], cols: list[int], left: int) -> str:
    """The class that each column is read for."""
    rest = iter(labels)
    line = " " * (left + len(_LINK))
    for col in cols:
        label = None if col == _GAP else next(rest)
        line += (f"r{label}" if label is not None else "").center(len(_CELL)).ljust(_PITCH)
    return line


def _steps(wiring: Wiring) -> np.ndarray:
    source, destination, _ = wiring.edges.T
    return np.round(wiring.coordinates[destination] - wiring.coordinates[source]).astype(int)


def _may_be_long(wiring: Wiring) -> np.ndarray:
    """`[edge]`: whether the edge takes a slot beyond the first two."""
    return wiring.edges[:, 2] >= 2


def _long_edges(wiring: Wiring, places: np.ndarray) -> list[str]:
    """Edges between cells that are no neighbours, counted, the first few by name."""
    steps = _steps(wiring)
    is_long = ~(np.all(steps == (1, 0), axis=1) | np.all(steps == (0, 1), axis=1))
    edges = wiring.edges[is_long]
    if not len(edges):
        return []
    names = [
        f"({places[a, 1]}, {places[a, 0]}) ──→ ({places[b, 1]}, {places[b, 0]})"
        for a, b, _ in edges[:3]
    ]
    more = len(edges) - len(names)
    tail = [f"   and {more} more"] if more else []
    head = f" Long edges: {len(edges)}, from (row, column) to (row, column)"
    return [head, *(f"   {name}" for name in names), *tail]
