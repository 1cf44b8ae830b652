"""A lattice as text, for a terminal."""

import numpy as np

from latticework.core.plain_text import plain_text
from latticework.core.topology import Wiring
from latticework.pictures.terminal_grid import draw_grid, is_grid
from latticework.pictures.terminal_layers import draw_layers, is_layers
from latticework.pictures.terminal_tree import draw_forest, is_forest
from latticework.pictures.terminal_words import count, paragraph, span

_MOST_CELLS = 6
_MOST_NAMES = 8


def draw_text(wiring: Wiring, *, counts: np.ndarray | None = None, plain: bool = False) -> str:
    """Draw a wiring in at most 80 columns; what is long is cut short and counted.

    A rectangular grid, a forest, layers on a ring and independent cells have drawings of their own,
    recognised by their tables; any other wiring is drawn as its cells by depth. `x3` is external
    channel 3, `r7` the readout of class 7, `[*]` or a disc a cell.

    Args:
        wiring: what to draw.
        counts: `[class, cell]`, which classes read a cell, where these are not the ports' alone.
        plain: use ASCII only.
    """
    if not len(wiring.edges):
        lines = _draw_independent(wiring, counts)
    elif is_grid(wiring):
        lines = draw_grid(wiring)
    elif is_forest(wiring):
        lines = draw_forest(wiring)
    elif is_layers(wiring):
        lines = draw_layers(wiring)
    else:
        lines = _draw_depths(wiring)
    text = "\n".join(line.rstrip() for line in lines)
    return plain_text(text.replace(" ⋯ ", "...")) if plain else text


def _draw_independent(wiring: Wiring, counts: np.ndarray | None) -> list[str]:
    """Cells that no cell feeds, one below the other."""
    readers = _readers(wiring, counts)
    takes = wiring.connected.sum(axis=1)
    cells = list(range(wiring.num_cells))
    is_cut = len(cells) > _MOST_CELLS
    shown = [*cells[: _MOST_CELLS - 2], cells[-1]] if is_cut else cells
    sees_all = bool(np.all(takes == wiring.num_channels))
    label = span("x", wiring.num_channels)
    lists = {} if sees_all else {cell: _channels(wiring, cell) for cell in shown}
    widest = max(map(len, lists.values()), default=0)
    middle = (len(shown) - 1) // 2
    lines = []
    for n, cell in enumerate(shown):
        if is_cut and n == len(shown) - 1:
            lines.append(" " * (len(label) + 5 if sees_all else widest // 2) + " ⋮" + " " * 6 + "⋮")
        stem = f" {label} ───" if n == middle else " " * (len(label) + 5)
        readout = f" ──→ {readers[cell]}" if cell in readers else ""
        fork = _fork(n, len(shown), has_stem=n == middle)
        start = f"{stem}{fork}" if sees_all else f" {lists[cell]:>{widest}} "
        lines.append(f"{start}──→ [*]{readout}")
    each = count(int(takes[0]), "input")
    if np.any(takes != takes[0]):
        each = f"{takes.min()} to {takes.max()} inputs"
    cells_text = count(wiring.num_cells, "cell")
    return [*lines, "", f" {cells_text} with {each} each; no cell feeds another."]


def _readers(wiring: Wiring, counts: np.ndarray | None) -> dict[int, str]:
    """Who reads a cell: one class, or several, for some and against others."""
    if counts is None:
        return {int(cell): f"r{n}" for n, row in enumerate(wiring.readout_ports) for cell in row}
    names = {}
    for cell in np.flatnonzero(np.any(counts, axis=0)).tolist():
        classes = np.flatnonzero(counts[:, cell]).tolist()
        of_all = f"{span('r', len(classes))}, each for or against"
        names[cell] = of_all if len(classes) > 1 else f"r{classes[0]}"
    return names


def _channels(wiring: Wiring, cell: int) -> str:
    """The channels that a cell reads, in a few words."""
    channels = wiring.channel[cell][wiring.channel[cell] >= 0].tolist()
    names = [f"x{channel}" for channel in channels]
    return " ".join(
        names if len(names) <= _MOST_NAMES else [*names[: _MOST_NAMES - 2], "..", names[-1]]
    )


def _fork(n: int, count: int, *, has_stem: bool) -> str:
    """The joint of a vertical line with the n-th of `count` branches."""
    if count == 1:
        return "─"
    if n == 0:
        return "┬" if has_stem else "┌"
    if n == count - 1:
        return "┴" if has_stem else "└"
    return "┼" if has_stem else "├"


def _draw_depths(wiring: Wiring) -> list[str]:
    """How many cells there are at each depth."""
    counts = np.bincount(wiring.depth)
    shown = list(range(len(counts)))
    if len(counts) > 24:
        shown = [*range(12), -1, *range(len(counts) - 11, len(counts))]
    scale = min(1.0, 50 / counts.max())
    lines = [" depth   cells"]
    for depth in shown:
        if depth < 0:
            lines.append("     ⋮")
            continue
        bar = "█" * max(1, round(scale * counts[depth]))
        lines.append(f" {depth:5d}   {bar} {counts[depth]}")
    lines += [
        "",
        *paragraph(
            f"{span('x', wiring.num_channels)} enter, {len(wiring.edges)} edges lead to greater "
            f"depths, {span('r', wiring.num_classes)} are read."
        ),
    ]
    return lines
