"""A forest as text: one tree drawn, the others counted."""

from dataclasses import dataclass, field

import numpy as np

from latticework.core.topology import Wiring
from latticework.pictures.terminal_words import paragraph

_MOST_WIDTH = 74
_MARGIN = 2


@dataclass
class _Node:
    """A cell, a channel or a subtree that is not drawn; `column` and `height` say where."""

    label: str
    children: list["_Node"] = field(default_factory=list)
    column: int = 0
    height: int = 0


def is_forest(wiring: Wiring) -> bool:
    """Whether no cell feeds two others."""
    return bool(np.all((wiring.succ[0] >= 0).sum(axis=1) <= 1))


def draw_forest(wiring: Wiring) -> list[str]:
    """The lines of the drawing."""
    roots = _roots(wiring)
    root, has_cut = _fitting(wiring, roots[0])
    leaves: list[_Node] = []
    tallest = max(len(label) for label in _labels(root))
    is_upright = not has_cut and tallest <= 3
    _place(root, leaves, 2 if is_upright else tallest + 1)
    lines = _leaf_lines(leaves, is_upright)
    lines += [_level_line(root, height) for height in range(1, root.height + 1)]
    lines.append(_put([], root.column, "↓"))
    class_of = {int(cell): n for n, row in enumerate(wiring.readout_ports) for cell in row}
    if roots[0] in class_of:
        lines.append(_put([], root.column, f"r{class_of[roots[0]]}"))
    lines = [" " * _MARGIN + line for line in lines]
    return [*lines, "", *_words(wiring, roots, is_upright, has_cut)]


def _words(wiring: Wiring, roots: list[int], is_upright: bool, has_cut: bool) -> list[str]:
    top = "the channel that enters there" + (", read downward" if is_upright else "")
    if has_cut:
        top += "; (n) is a subtree over n channels"
    text = f"On top: {top}."
    sizes = {len(_cells_under(wiring, root)) for root in roots}
    if len(roots) > 1:
        size = f"{min(sizes)} cells" if len(sizes) == 1 else f"{min(sizes)} to {max(sizes)} cells"
        orders = {tuple(_channels_under(wiring, root)) for root in roots}
        order = "each with its own order of the channels" if len(orders) > 1 else "all alike"
        text += f" The forest has {len(roots)} such trees of {size}, {order}."
    return paragraph(text)


def _roots(wiring: Wiring) -> list[int]:
    """Cells that feed none, those that are read first and by class."""
    ends = np.flatnonzero((wiring.succ[0] >= 0).sum(axis=1) == 0).tolist()
    read = [cell for cell in wiring.readout_ports.ravel().tolist() if cell in ends]
    return list(dict.fromkeys([*read, *ends]))


def _fitting(wiring: Wiring, root: int) -> tuple[_Node, bool]:
    """The tree under `root`, cut at the greatest depth at which it is narrow enough."""
    whole = _tree(wiring, root, None)
    if 2 * sum(1 for _ in _labels(whole)) <= _MOST_WIDTH:
        return whole, False
    best = _tree(wiring, root, 0)
    for depth in range(1, wiring.max_depth + 2):
        tree = _tree(wiring, root, depth)
        labels = list(_labels(tree))
        if len(labels) * (max(len(label) for label in labels) + 1) > _MOST_WIDTH:
            break
        best = tree
    return best, True


def _tree(wiring: Wiring, cell: int, depth: int | None) -> _Node:
    """The tree under a cell; subtrees more than `depth` cells below it become leaves."""
    if depth is not None and depth < 0:
        return _Node(f"({len(_channels_under(wiring, cell))})")
    node = _Node("")
    for slot in range(wiring.num_slots):
        source, channel = int(wiring.pred[cell, slot]), int(wiring.channel[cell, slot])
        if source >= 0:
            node.children.append(_tree(wiring, source, None if depth is None else depth - 1))
        elif channel >= 0:
            node.children.append(_Node(str(channel)))
    if not node.children:
        node.label = "-"
    return node


def _cells_under(wiring: Wiring, root: int) -> list[int]:
    found, todo = [], [root]
    while todo:
        cell = todo.pop()
        found.append(cell)
        todo.extend(source for source in wiring.pred[cell].tolist() if source >= 0)
    return found


def _channels_under(wiring: Wiring, root: int) -> list[int]:
    channels = wiring.channel[_cells_under(wiring, root)]
    return channels[channels >= 0].tolist()


def _labels(node: _Node) -> list[str]:
    if not node.children:
        return [node.label]
    return [label for child in node.children for label in _labels(child)]


def _place(node: _Node, leaves: list[_Node], pitch: int) -> None:
    """Leaves side by side, a cell in the middle of its children and one line lower."""
    if not node.children:
        node.column = len(leaves) * pitch + (pitch - 2) // 2
        leaves.append(node)
        return
    for child in node.children:
        _place(child, leaves, pitch)
    node.column = (node.children[0].column + node.children[-1].column) // 2
    node.height = 1 + max(child.height for child in node.children)


def _leaf_lines(leaves: list[_Node], is_upright: bool) -> list[str]:
    """Labels of the leaves, their digits one below the other if upright."""
    if not is_upright:
        line: list[str] = []
        for leaf in leaves:
            _put(line, leaf.column - (len(leaf.label) - 1) // 2, leaf.label)
        return ["".join(line)]
    depth = max(len(leaf.label) for leaf in leaves)
    lines = []
    for n in range(depth):
        line = []
        for leaf in leaves:
            _put(line, leaf.column, leaf.label.rjust(depth)[n])
        lines.append("".join(line))
    return lines


def _level_line(root: _Node, height: int) -> str:
    """The cells of one height, with the lines to what feeds them."""
    line: list[str] = []

    def visit(node: _Node) -> None:
        for child in node.children:
            if child.height < height < node.height:
                _put(line, child.column, "│")
            visit(child)
        if node.children and node.height == height:
            first, last = node.children[0].column, node.children[-1].column
            _put(line, first, "└" + "─" * (last - first - 1) + "┘" if last > first else "")
            for child in node.children[1:-1]:
                _put(line, child.column, "┴")
            _put(line, node.column, "●")

    visit(root)
    return "".join(line)


def _put(line: list[str], column: int, text: str) -> str:
    """Write `text` into `line` from `column` on."""
    column = max(column, 0)
    line.extend(" " * (column + len(text) - len(line)))
    line[column : column + len(text)] = text
    return "".join(line)
