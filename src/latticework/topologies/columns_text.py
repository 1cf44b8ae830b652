"""A wiring of columns in words, a line per part."""

from latticework.topologies.columns import Columns, Link, Uniform


def describe_columns(wiring: Columns, num_channels: int) -> tuple[str, ...]:
    """Inputs, columns, buffers and links, one line each."""
    sizes = wiring.sizes(num_channels)
    lines = [f"{part.name}: {sizes[part.name]} inputs" for part in wiring.inputs]
    for column in wiring.columns:
        winners = "no inhibition" if column.winners is None else f"{column.winners} winners"
        read = ", read" if column.name in wiring.read else ""
        lines.append(
            f"{column.name}: {column.size} neurons, threshold {column.threshold:g}, {winners}{read}"
        )
    for buffer in wiring.buffers:
        weight = "" if buffer.weight == 1 else f", height {buffer.weight:g}"
        lines.append(f"{buffer.name}: {buffer.of} one wave ago{weight}")
    return (*lines, *(_link(link) for link in wiring.links))


def _link(link: Link) -> str:
    arrow = f"{link.source} -> {link.target}"
    rule = "fixed" if link.rule is None else f"learns by {link.rule}"
    if link.shares is not None:
        return f"{arrow}: the weights of {link.shares}, {rule}"
    return f"{arrow}: {_start(link.start)}, {rule}"


def _start(start: Uniform) -> str:
    """How weights begin."""
    if start.most == 0:
        return "from 0"
    filled = f" on {1 - start.sparse:.0%}" if start.sparse else ""
    return f"{start.low:g} to {start.most:g}{filled}"
