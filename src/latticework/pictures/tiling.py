"""Sharing a page among equal panels."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Tiling:
    """Panels in rows.

    Args:
        left: left edge of the first panel, in inches.
        top: upper edge of the first panel, in inches.
        unit: inches per unit of the drawing.
        cols: panels per row.
        count: number of panels.
        step: (across, down) from one panel to the next, in inches.
    """

    left: float
    top: float
    unit: float
    cols: int
    count: int
    step: tuple[float, float]

    @property
    def bottom(self) -> float:
        """Lower edge of the last row."""
        return self.top + -(-self.count // self.cols) * self.step[1]

    def corner(self, n: int) -> tuple[float, float]:
        """Upper left corner of a panel."""
        row, col = divmod(n, self.cols)
        return self.left + col * self.step[0], self.top + row * self.step[1]


def tile(
    count: int,
    size: tuple[float, float],
    corner: tuple[float, float],
    room: tuple[float, float],
    extra: tuple[float, float],
    largest: float = 0.3,
) -> Tiling:
    """The arrangement with the largest panels, and with fewer rows where that costs little.

    Args:
        count: number of panels.
        size: (width, height) of the drawing in each, in its own units.
        corner: (left, top) of the first panel, in inches.
        room: (width, height) for all panels, in inches.
        extra: (width, height) that each panel needs beside its drawing, in inches.
        largest: most inches per unit.

    Raises:
        ValueError: there is no panel.
    """
    best: Tiling | None = None
    for cols in range(1, count + 1):
        rows = -(-count // cols)
        across = (room[0] / cols - extra[0]) / size[0]
        down = (room[1] / rows - extra[1]) / size[1]
        unit = max(min(across, down, largest), 1e-3)
        if best is None or unit > best.unit * 0.98:
            step = (room[0] / cols, size[1] * unit + extra[1])
            best = Tiling(*corner, unit, cols, count, step)
    if best is None:
        raise ValueError(f"there are {count} panels to arrange, expected at least one")
    return best
