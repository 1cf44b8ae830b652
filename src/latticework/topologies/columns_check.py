"""Whether a wiring of columns holds together."""

import math

from latticework.core.checks import require
from latticework.core.registry import unknown_name
from latticework.topologies.columns import Column, Columns

MAX_COLUMN = 2048


def check_columns(wiring: Columns, num_channels: int, real_buffers: bool = False) -> None:
    """Raise ValueError unless `wiring` can be run on waves of `num_channels` channels.

    Every name must be known and used once, columns must be within reach of their thresholds, and
    plastic links must start inside their rule's limits.
    """
    names = wiring.populations
    twice = sorted({name for name in names if names.count(name) > 1})
    require(not twice, f"two populations are called {twice[0] if twice else ''!r}; rename one")
    require(
        bool(wiring.columns or wiring.outputs),
        "the wiring has no column and reads nothing; give it a column",
    )
    for buffer in wiring.buffers:
        require(buffer.of in names, unknown_name("population", buffer.of, list(names)))
        require(
            buffer.of not in {part.name for part in wiring.inputs},
            f"the buffer {buffer.name!r} is of the inputs {buffer.of!r}; buffers are of columns "
            "or of other buffers",
        )
    for name in wiring.read:
        require(name in names, unknown_name("population", name, list(names)))
    _check_links(wiring, num_channels)
    wiring.ordered_columns()
    for column in wiring.columns:
        _check_column(wiring, column, num_channels, real_buffers)


def _check_links(wiring: Columns, num_channels: int) -> None:
    """Sources, targets, sharing, and the start of what learns."""
    names, blocks = wiring.populations, wiring.blocks
    sizes = wiring.sizes(num_channels)
    links = [link.name for link in wiring.links]
    for link in wiring.links:
        require(link.source in names, unknown_name("population", link.source, list(names)))
        wiring.column(link.target)
        require(links.count(link.name) == 1, f"there are two links {link.name!r}; join them")
        start = link.start
        require(
            link.rule is None or (start.least >= 0 and start.most <= link.rule.w_max),
            f"the link {link.name!r} starts with weights from {start.least:g} to {start.most:g}, "
            f"but its rule needs 0 to {link.rule.w_max if link.rule else 0:g}; start it lower, or "
            "give the rule another w_max",
        )
        if link.shares is not None:
            require(link.shares in blocks, unknown_name("link to share", link.shares, list(blocks)))
            owner = blocks[link.shares]
            shape, other = ((sizes[one.source], sizes[one.target]) for one in (link, owner))
            require(
                shape == other,
                f"the link {link.name!r} is {shape[0]} x {shape[1]} and cannot share the weights "
                f"of {owner.name!r}, which are {other[0]} x {other[1]}",
            )


def _check_column(wiring: Columns, column: Column, num_channels: int, real_buffers: bool) -> None:
    """Its numbers, and whether its threshold can be reached at all."""
    name, size = column.name, column.size
    require(
        1 <= size <= MAX_COLUMN,
        f"the column {name!r} has {size} neurons; 1 to {MAX_COLUMN:,} expected",
    )
    require(
        column.threshold > 0,
        f"the column {name!r} has threshold {column.threshold}, which every neuron meets without "
        "any spike; a positive number expected",
    )
    require(
        column.winners is None or 1 <= column.winners <= size,
        f"the column {name!r} cannot have {column.winners} winners among {size} neurons; 1 to "
        f"{size}, or none at all for no inhibition, expected",
    )
    sizes, heights = wiring.sizes(num_channels), wiring.heights(real_buffers)
    most = sum(
        sizes[link.source]
        * abs(heights[link.source])
        * (link.start.most if link.rule is None else link.rule.w_max)
        for link in wiring.links
        if link.target == name
    )
    require(
        math.isfinite(most) and most >= column.threshold,
        f"the column {name!r} has threshold {column.threshold:g}, but all its inputs together "
        f"drive it with at most {most:g}; lower the threshold or strengthen its links",
    )
