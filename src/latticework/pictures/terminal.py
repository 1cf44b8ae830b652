"""A lattice as text, for a terminal."""

import numpy as np

from latticework.core.plain_text import plain_text
from latticework.core.topology import Wiring
from latticework.pictures.terminal_grid import draw_grid, is_grid
from latticework.pictures.terminal_tree import draw_forest, is_forest
from latticework.pictures.terminal_words import count, paragraph, span

_MOST_CELLS = 6


def draw_text(wiring: Wiring, *, plain: bool = False) -> str:
    """Draw a wiring in at most 80 columns; what is long is cut short and counted.

    A rectangular grid, a forest and independent cells have drawings of their own, recognised by
    their tables; any other wiring is drawn as its cells by depth. `x3` is external channel 3, `r7`
    the readout of class 7, `[*]` or a disc a cell.

    Args:
        wiring: what to draw.
        plain: use ASCII only.
    """
    if not len(wiring.edges):
        lines = _draw_independent(wiring)
    elif is_grid(wiring):
        lines = draw_grid(wiring)
    elif is_forest(wiring):
        lines = draw_forest(wiring)
    else:
        lines = _draw_depths(wiring)
    text = "\n".join(line.rstrip() for line in lines)
    return plain_text(text.replace(" ⋯ ", "...")) if plain else text


def _draw_independent(wiring: Wiring) -> list[str]:
    """Cells that no cell feeds, one below the other."""
    class_of = {int(cell): n for n, row in enumerate(wiring.readout_ports) for cell in row}
    cells = list(range(wiring.num_cells))
    is_cut = len(cells) > _MOST_CELLS
    shown = [*cells[: _MOST_CELLS - 2], cells[-1]] if is_cut else cells
    label = span("x", wiring.num_channels)
    middle = (len(shown) - 1) // 2
    lines = []
    for n, cell in enumerate(shown):
        if is_cut and n == len(shown) - 1:
            lines.append(" " * (len(label) + 5) + "⋮" + " " * 6 + "⋮")
        stem = f" {label} ───" if n == middle else " " * (len(label) + 5)
        readout = f" ──→ r{class_of[cell]}" if cell in class_of else ""
        fork = _fork(n, len(shown), has_stem=n == middle)
        lines.append(f"{stem}{fork}──→ [*]{readout}")
    takes = wiring.connected.sum(axis=1)
    each = count(int(takes[0]), "input")
    if np.any(takes != takes[0]):
        each = f"{takes.min()} to {takes.max()} inputs"
    cells_text = count(wiring.num_cells, "cell")
    return [*lines, "", f" {cells_text} with {each} each; no cell feeds another."]


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
