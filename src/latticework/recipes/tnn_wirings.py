"""The published temporal neural networks as wirings: a few lines of data each."""

from dataclasses import replace

from latticework.rules import Stdp
from latticework.topologies.columns import Buffer, Column, Columns, Inputs, Link, Uniform

ROW = (Inputs("row"),)
HALVES = (Inputs("row-a", 0, 16), Inputs("row-b", 12, 28))
THIRDS = (Inputs("row-a", 0, 20), Inputs("row-b", 8, 28))

FORWARD = Uniform(1.6)
INPUT_RULE = Stdp(20, 20, 2, 96, 4, 16)
RECURRENT_RULE = Stdp(30, 30, 10, 96, 16, 32)
SPARSE_16 = Uniform(16, sparse=0.9)
SPARSE_32 = Uniform(32, sparse=0.9)


def chain(length: int, of: str = "rtnn", weight: float = 1.0) -> tuple[Buffer, ...]:
    """Buffers in a row, each of the one before."""
    names = [of, *(f"buffer{n}" for n in range(1, length + 1))]
    return tuple(Buffer(names[n + 1], of=names[n], weight=weight) for n in range(length))


def feedback(
    start: Uniform, rule: Stdp | None = None, buffers: tuple[int, ...] = (1,)
) -> tuple[Link, ...]:
    """Links from some buffers back to the column."""
    return tuple(Link(f"buffer{n}", "rtnn", start, rule) for n in buffers)


def direct(
    back: tuple[Link, ...] = (),
    *,
    buffers: int = 0,
    threshold: float = 32,
    rule: Stdp = INPUT_RULE,
) -> Columns:
    """V7 and all that followed: rows to one column of 100, ten winners, and buffers."""
    return Columns(
        ROW,
        (Column("rtnn", 100, threshold, 10),),
        chain(buffers),
        (Link("row", "rtnn", FORWARD, rule), *back),
    )


def two_columns(
    inputs: tuple[Inputs, Inputs],
    size: int,
    rules: tuple[Stdp, Stdp],
    column: Column,
    buffers: tuple[Buffer, ...],
    back: tuple[Link, ...],
    *,
    tied: bool,
) -> Columns:
    """V2 to V4: two columns of one winner each look at parts of the row, a third at both.

    Args:
        inputs: the two parts.
        size: neurons of each of the two.
        rules: of the links into them and out of them.
        column: the third.
        buffers, back: its memory.
        tied: whether the two share one matrix in and one out, as published by mistake.
    """
    parts = tuple(Column(f"tnn-{letter}", size, 64, 1) for letter in "ab")
    into = [
        Link(part.name, own.name, FORWARD, rules[0])
        for part, own in zip(inputs, parts, strict=True)
    ]
    out = [Link(own.name, column.name, FORWARD, rules[1]) for own in parts]
    if tied:
        into[1] = replace(into[1], shares=into[0].name)
        out[1] = replace(out[1], shares=out[0].name)
    # The published networks compute and learn in this order: both columns, then the third.
    return Columns(inputs, (*parts, column), buffers, (*into, *out, *back))


def v2(*, faithful: bool) -> Columns:
    """Two buffers, of which the published weight of 16 silences the second."""
    return two_columns(
        HALVES,
        50,
        (Stdp(8, 8, 2, 96, 4, 16), Stdp(10, 10, 30, 96, 16, 16)),
        Column("rtnn", 100, 16, 10),
        chain(2, weight=16.0 if faithful else 1.0),
        feedback(Uniform(8), buffers=(1, 2)),
        tied=faithful,
    )


def v3(buffers: int = 2, *, faithful: bool) -> Columns:
    """Everything learns; V4 leaves the second buffer out."""
    rule = Stdp(15, 15, 10, 96, 1, 16)
    return two_columns(
        THIRDS,
        20,
        (Stdp(10, 10, 2, 96, 4, 16), rule),
        Column("rtnn", 50, 8, 5),
        chain(buffers),
        feedback(Uniform(8), rule, tuple(range(1, buffers + 1))),
        tied=faithful,
    )


def clustered(
    front: Column,
    rules: tuple[Stdp, Stdp],
    buffers: int,
    back: tuple[Link, ...],
) -> Columns:
    """A column that clusters the rows, and the recurrent one behind it."""
    return Columns(
        ROW,
        (front, Column("rtnn", 100, 32, 10)),
        chain(buffers),
        (
            Link("row", front.name, FORWARD, rules[0]),
            Link(front.name, "rtnn", FORWARD, rules[1]),
            *back,
        ),
    )


V5 = clustered(
    Column("tnn", 50, 32, 2),
    (INPUT_RULE, Stdp(20, 20, 30, 96, 16, 32)),
    1,
    feedback(SPARSE_16),
)
V7 = direct(feedback(SPARSE_16), buffers=1)
V8 = direct(feedback(SPARSE_16, RECURRENT_RULE), buffers=1)
V10 = direct(feedback(SPARSE_16, INPUT_RULE), buffers=1)
V15 = direct(feedback(SPARSE_16, RECURRENT_RULE, (1, 2)), buffers=2)


def patches(width: int, stride: int, size: int, threshold: float, winners: int) -> Columns:
    """The same column at several places of a band of lines, as a convolution has it.

    Args:
        width: pixels across that a column sees, of every line of the wave.
        stride: pixels between two columns.
        size, threshold, winners: of each column.
    """
    starts = range(0, 28 - width + 1, stride)
    inputs = tuple(Inputs(f"band-{at}", at, at + width) for at in starts)
    columns = tuple(Column(f"patch-{at}", size, threshold, winners) for at in starts)
    pairs = list(zip(inputs, columns, strict=True))
    first = Link(pairs[0][0].name, pairs[0][1].name, Uniform(8), INPUT_RULE)
    others = (
        replace(first, source=part.name, target=column.name, shares=first.name)
        for part, column in pairs[1:]
    )
    names = tuple(column.name for column in columns)
    return Columns(inputs, columns, links=(first, *others), outputs=names)


TWO_LAYERS = Columns(
    (Inputs("image", width=784),),
    (Column("tnn-a", 25, 256, 2), Column("tnn-b", 25, 256, 2), Column("top", 10, 16, 1)),
    links=(
        Link("image", "tnn-a", Uniform(4), Stdp(20, 15, 4, 96, 4, 8)),
        Link("image", "tnn-b", Uniform(4), Stdp(20, 15, 4, 96, 4, 8)),
        Link("tnn-a", "top", Uniform(4), Stdp(10, 10, 10, 96, 4, 64)),
        Link("tnn-b", "top", Uniform(4), Stdp(10, 10, 10, 96, 4, 64)),
    ),
)
