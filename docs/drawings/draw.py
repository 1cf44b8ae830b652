"""The drawings of docs/concepts.md as SVG: `python docs/drawings/draw.py`."""

from pathlib import Path

INK, SOFT, BLUE, ORANGE, PALE = "#3c4a5e", "#98a4b5", "#2f6fd0", "#e07a1f", "#e8edf4"
HERE = Path(__file__).parent


def circle(x: float, y: float, r: float = 9, fill: str = PALE, stroke: str = INK) -> str:
    return f'<circle cx="{x}" cy="{y}" r="{r}" fill="{fill}" stroke="{stroke}" stroke-width="1.5"/>'


def arrow(
    x0: float, y0: float, x1: float, y1: float, colour: str = SOFT, width: float = 1.5
) -> str:
    """A line that stops short of the circles at its ends."""
    length = ((x1 - x0) ** 2 + (y1 - y0) ** 2) ** 0.5
    ux, uy = (x1 - x0) / length, (y1 - y0) / length
    a, b = (x0 + 11 * ux, y0 + 11 * uy), (x1 - 13 * ux, y1 - 13 * uy)
    tip = f"{b[0]},{b[1]} {b[0] - 7 * ux - 3.5 * uy},{b[1] - 7 * uy + 3.5 * ux} "
    tip += f"{b[0] - 7 * ux + 3.5 * uy},{b[1] - 7 * uy - 3.5 * ux}"
    return (
        f'<line x1="{a[0]}" y1="{a[1]}" x2="{b[0]}" y2="{b[1]}" stroke="{colour}" '
        f'stroke-width="{width}"/><polygon points="{tip}" fill="{colour}"/>'
    )


def text(x: float, y: float, words: str, colour: str = INK, anchor: str = "middle") -> str:
    return (
        f'<text x="{x}" y="{y}" fill="{colour}" font-family="system-ui, sans-serif" font-size="13" '
        f'text-anchor="{anchor}">{words}</text>'
    )


def box(x: float, y: float, w: float, h: float, fill: str, stroke: str = "none") -> str:
    return (
        f'<rect x="{x}" y="{y}" width="{w}" height="{h}" rx="4" fill="{fill}" stroke="{stroke}"/>'
    )


def save(name: str, width: int, height: int, parts: list[str]) -> None:
    body = "\n".join([box(0, 0, width, height, "#ffffff"), *parts])
    (HERE / f"{name}.svg").write_text(
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" '
        f'width="{width}" height="{height}">\n{body}\n</svg>\n'
    )


def lattice(
    rows: int, cols: int, fill, edge=lambda *_: (SOFT, 1.5), x0: float = 110, y0: float = 50
):
    """A grid of cells with edges to the right and down; two functions choose the colours."""

    def at(i: int, j: int) -> tuple[float, float]:
        return (x0 + 56 * j, y0 + 48 * i)

    parts = []
    for i in range(rows):
        for j in range(cols):
            for di, dj in ((0, 1), (1, 0)):
                if i + di < rows and j + dj < cols:
                    colour, width = edge(i, j, i + di, j + dj)
                    parts.append(arrow(*at(i, j), *at(i + di, j + dj), colour, width))
            parts.append(circle(*at(i, j), fill=fill(i, j)))
    return parts, at


def grid() -> None:
    parts, at = lattice(4, 5, lambda i, j: ORANGE if i == 3 else PALE, x0=140)
    for i in range(4):
        x, y = at(i, 0)
        parts += [arrow(x - 52, y, x, y, BLUE), text(x - 58, y + 4, f"channel {i}", BLUE, "end")]
    for j in range(5):
        x, y = at(3, j)
        parts += [text(x, y + 32, f"class {j}", ORANGE)]
    save("grid", 410, 240, parts)


def wavefront() -> None:
    shades = ["#1f4f9e", "#2f6fd0", "#6a9be6", "#a9c5f0", "#d5e2f7", PALE, PALE, PALE]
    parts, at = lattice(4, 5, lambda i, j: shades[i + j], x0=90)
    for d in range(8):
        i, j = min(d, 3), max(0, d - 3)
        x, y = at(i, j)
        label = f"depth {d}" if d == 0 else str(d)
        parts.append(
            text(
                x - 16 if j == 0 else x,
                y + (4 if j == 0 else 30),
                label,
                INK,
                "end" if j == 0 else "middle",
            )
        )
    save("wavefront", 350, 250, parts)


def halo() -> None:
    parts = []
    for i in range(8):
        for j in range(8):
            is_block = 2 <= i < 6 and 2 <= j < 6
            is_halo = 1 <= i < 7 and 1 <= j < 7 and not is_block
            fill = ORANGE if is_block else "#bcd0ee" if is_halo else PALE
            parts.append(box(20 + 26 * j, 20 + 26 * i, 22, 22, fill))
    parts += [
        text(250, 60, "outside: other blocks", INK, "start"),
        text(250, 100, "halo: values of the start", BLUE, "start"),
        text(250, 118, "of the outer step, stale", BLUE, "start"),
        text(250, 158, "block: updated together,", ORANGE, "start"),
        text(250, 176, "inner step after inner step", ORANGE, "start"),
    ]
    save("halo", 440, 245, parts)


def levels() -> None:
    parts = []
    for column in range(3):
        x = 90 + 120 * column
        for level in range(4):
            y = 200 - 52 * level
            is_middle = column == 1 and level == 1
            for k in range(6):
                parts.append(
                    box(x - 36 + 12 * k, y - 9, 10, 18, ORANGE if is_middle else PALE, SOFT)
                )
    parts += [
        arrow(210, 200, 210, 148, BLUE, 2),
        arrow(210, 96, 210, 148, BLUE, 2),
        arrow(128, 148, 182, 148, BLUE, 2),
        arrow(292, 148, 238, 148, BLUE, 2),
        text(216, 180, "bottom-up", BLUE, "start"),
        text(216, 126, "top-down", BLUE, "start"),
        text(20, 205, "pixels", INK, "start"),
        text(20, 30, "class", INK, "start"),
        text(386, 152, "same level, neighbours", BLUE, "start"),
    ]
    save("levels", 540, 230, parts)


def hops() -> None:
    def fill(i: int, j: int) -> str:
        distance = (i - 1) + (j - 1) if i >= 1 and j >= 1 else -1
        return {0: ORANGE, 1: "#f3c295", 2: "#fae6d2"}.get(distance, PALE)

    parts, at = lattice(4, 5, fill, x0=40)
    x, y = at(1, 1)
    parts += [
        text(x + 12, y - 14, "own traces", ORANGE, "start"),
        text(300, 90, "1 hop: kept by the published rule", ORANGE, "start"),
        text(300, 114, "2 hops: dropped by it", "#b98a5e", "start"),
        text(300, 138, "messages: from every cell, within the step", BLUE, "start"),
    ]
    save("hops", 640, 225, parts)


if __name__ == "__main__":
    for draw in (grid, wavefront, halo, levels, hops):
        draw()
