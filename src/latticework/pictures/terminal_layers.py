"""Layers of cells on a ring as text."""

import numpy as np

from latticework.core.topology import Wiring
from latticework.pictures.terminal_words import paragraph, span

_LONGEST = 56
_MOST_LAYERS = 12
_MOST_OFFSETS = 8


def is_layers(wiring: Wiring) -> bool:
    """Whether every cell reads the layer before, at the same offsets as all of its layer."""
    return layer_offsets(wiring) is not None


def layer_offsets(wiring: Wiring) -> list[tuple[int, tuple[int, ...]]] | None:
    """(width, offsets) of every layer, the offsets from the place `floor(i V / W)`; else None.

    The first layer reads the channels, each other one the layer before; offsets are taken modulo
    the V places of what is read, the nearer way round.
    """
    if not wiring.connected.all():
        return None
    layers, first, before = [], 0, wiring.num_channels
    for depth in range(wiring.max_depth + 1):
        cells = np.flatnonzero(wiring.depth == depth)
        table = wiring.channel[cells] if depth == 0 else wiring.pred[cells] - first
        centre = np.arange(len(cells)) * before // len(cells)
        offsets = (table - centre[:, None]) % before
        if table.min() < 0 or table.max() >= before or np.any(offsets != offsets[:1]):
            return None
        nearer = np.where(offsets[0] > before // 2, offsets[0] - before, offsets[0])
        layers.append((len(cells), tuple(nearer.tolist())))
        first = int(cells[0])
        if np.any(cells != first + np.arange(len(cells))):
            return None
        before = len(cells)
    return layers


def draw_layers(wiring: Wiring) -> list[str]:
    """A bar per layer, and between two what is read."""
    layers = layer_offsets(wiring) or []
    shown = list(range(len(layers)))
    if len(layers) > _MOST_LAYERS:
        shown = [*shown[: _MOST_LAYERS - 1], -1, shown[-1]]
    scale = min(1.0, _LONGEST / max(wiring.num_channels, *(width for width, _ in layers)))
    middle = round(scale * max(width for width, _ in layers)) // 2
    lines = [f" {_bar('x', wiring.num_channels, scale, middle)} {span('x', wiring.num_channels)}"]
    for number in shown:
        if number < 0:
            lines.append(" " * (middle + 1) + "⋮")
            continue
        width, offsets = layers[number]
        lines.append(" " * (middle + 1) + f"│ reads at {_spelled(offsets)}")
        lines.append(f" {_bar('●', width, scale, middle)} {width} cells")
    return [
        *lines,
        "",
        *paragraph(
            f"{span('x', wiring.num_channels)} enter above; each layer is a ring, and a cell "
            "stands over its place in the layer that it reads; "
            f"{span('r', wiring.num_classes)} are read from the last."
        ),
    ]


def _bar(letter: str, width: int, scale: float, middle: int) -> str:
    count = max(1, round(scale * width))
    return " " * max(0, middle - count // 2) + letter * count


def _spelled(offsets: tuple[int, ...]) -> str:
    """`0 +1 -1 +2`, the nearest first."""
    nearest = sorted(offsets, key=lambda offset: (abs(offset), -offset))
    words = [f"{offset:+d}" if offset else "0" for offset in nearest]
    if len(words) > _MOST_OFFSETS:
        words = [*words[:_MOST_OFFSETS], f"and {len(words) - _MOST_OFFSETS} more"]
    return " ".join(words)
