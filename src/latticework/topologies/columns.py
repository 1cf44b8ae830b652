"""Inputs, columns, buffers and the links between them: the wiring of temporal neural networks."""

import functools
import math
from dataclasses import dataclass

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array

from latticework.core.checks import require
from latticework.core.plasticity import AbstractPlasticity
from latticework.core.registry import unknown_name


@dataclass(frozen=True)
class Inputs:
    """A population that shows a part of each wave's channels.

    Args:
        name: what links call it.
        first, last: it shows the channels c with `first <= c % width < last`: all of them unless
            said otherwise.
        width: channels per line, where a wave shows several lines of an image.
    """

    name: str
    first: int = 0
    last: int | None = None
    width: int = 28

    def channels(self, num_channels: int) -> np.ndarray:
        """The channels shown, int32.

        Raises:
            ValueError: there is none, or `last` lies beyond the line.
        """
        width = min(self.width, num_channels)
        last = width if self.last is None else self.last
        require(
            0 <= self.first < last <= width,
            f"the inputs {self.name!r} show columns {self.first} to {last} of {width}; expected "
            f"0 <= first < last <= {width}",
        )
        place = np.arange(num_channels, dtype=np.int32)
        return place[(place % width >= self.first) & (place % width < last)]


@dataclass(frozen=True)
class Column:
    """Temporal neurons that inhibit each other.

    Args:
        name: what links call it.
        size: number of neurons.
        threshold: a neuron fires at the first step at which its drive is at least this.
        winners: how many may fire in a wave, the earliest first; None: no inhibition.
    """

    name: str
    size: int
    threshold: float
    winners: int | None = None


@dataclass(frozen=True)
class Buffer:
    """Shows in each wave what a population did in the wave before, one step later.

    Args:
        name: what links call it.
        of: the population, which may itself be a buffer.
        weight: of the one-to-one connection; the buffer's spikes have this height.
    """

    name: str
    of: str
    weight: float = 1.0


@dataclass(frozen=True)
class Uniform:
    """Initial weights: `clip(scale * U, low, high)` with U uniform in 0..1, some set to zero.

    Args:
        scale: factor of U.
        low, high: limits; no upper one if None.
        sparse: probability that an entry is zero instead.
    """

    scale: float
    low: float = 0.0
    high: float | None = None
    sparse: float = 0.0

    def __post_init__(self) -> None:
        require(
            0 <= self.sparse <= 1,
            f"sparse is {self.sparse}, expected a probability from 0 to 1",
        )

    @property
    def most(self) -> float:
        """The largest weight that can be drawn."""
        return max(self.low, min(self.scale, math.inf if self.high is None else self.high))

    @property
    def least(self) -> float:
        """The smallest."""
        return min(0.0, self.low, self.scale) if self.low < 0 or self.scale < 0 else 0.0

    def draw(self, key: Array, shape: tuple[int, int]) -> Array:
        """Weights, float32 `[source, target]`."""
        value, keep = jax.random.split(key)
        drawn = jnp.float32(self.scale) * jax.random.uniform(value, shape, jnp.float32)
        high = jnp.float32(math.inf if self.high is None else self.high)
        kept = jax.random.uniform(keep, shape, jnp.float32) >= jnp.float32(self.sparse)
        return jnp.where(kept, jnp.clip(drawn, jnp.float32(self.low), high), jnp.float32(0))


@dataclass(frozen=True)
class Link:
    """All-to-all weights from one population to a column.

    Args:
        source: inputs, a column or a buffer.
        target: a column.
        start: initial weights.
        rule: how it learns; None: fixed.
        shares: "source>target" of an earlier link whose weights this one uses, and learns too.
    """

    source: str
    target: str
    start: Uniform
    rule: AbstractPlasticity | None = None
    shares: str | None = None

    @property
    def name(self) -> str:
        """ "source>target" """
        return f"{self.source}>{self.target}"

    @property
    def block(self) -> str:
        """The name of the link whose weights it uses."""
        return self.shares or self.name


@dataclass(frozen=True)
class Columns:
    """A whole network of columns.

    Args:
        inputs, columns, buffers, links: its parts; links learn in this order.
        outputs: the populations that are read, in this order; the last column when left empty.

    Raises:
        ValueError: from `check`, saying which part does not fit.
    """

    inputs: tuple[Inputs, ...]
    columns: tuple[Column, ...]
    buffers: tuple[Buffer, ...] = ()
    links: tuple[Link, ...] = ()
    outputs: tuple[str, ...] = ()

    @property
    def read(self) -> tuple[str, ...]:
        """Names of the populations that are read."""
        return self.outputs or (self.columns[-1].name,)

    @property
    def populations(self) -> tuple[str, ...]:
        """All names: inputs, columns, buffers."""
        return tuple(part.name for part in (*self.inputs, *self.columns, *self.buffers))

    def column(self, name: str) -> Column:
        """The column called `name`; ValueError if there is none."""
        for column in self.columns:
            if column.name == name:
                return column
        raise ValueError(unknown_name("column", name, [column.name for column in self.columns]))

    def sizes(self, num_channels: int) -> dict[str, int]:
        """Units of every population."""
        found = {part.name: len(part.channels(num_channels)) for part in self.inputs}
        found |= {column.name: column.size for column in self.columns}
        for buffer in self._in_order_of_filling():
            found[buffer.name] = found[buffer.of]
        return found

    def heights(self, real_buffers: bool) -> dict[str, float]:
        """Height of every population's spikes: 1, but for buffers with other weights.

        Published buffers keep 8-bit integers: fractions are cut and 256 is 0.
        """
        found = {part.name: 1.0 for part in (*self.inputs, *self.columns)}
        for buffer in self._in_order_of_filling():
            value = buffer.weight * found[buffer.of]
            found[buffer.name] = value if real_buffers else float(np.int64(value).astype(np.int8))
        return found

    def _in_order_of_filling(self) -> tuple[Buffer, ...]:
        """Buffers, each after the population that it is of."""
        left = {buffer.name: buffer for buffer in self.buffers}
        ordered: list[Buffer] = []
        while left:
            ready = [buffer for buffer in left.values() if buffer.of not in left]
            require(bool(ready), f"the buffers {', '.join(left)} are filled in a circle")
            ordered += ready
            left = {name: b for name, b in left.items() if b not in ready}
        return tuple(ordered)

    def ordered_columns(self) -> tuple[Column, ...]:
        """Columns, each after those that feed it within the wave.

        Raises:
            ValueError: columns feed each other in a circle without a buffer.
        """
        names = {column.name for column in self.columns}
        feeds = {
            column.name: {link.source for link in self.links if link.target == column.name} & names
            for column in self.columns
        }
        ordered: list[Column] = []
        while len(ordered) < len(self.columns):
            done = {column.name for column in ordered}
            ready = [c for c in self.columns if c.name not in done and feeds[c.name] <= done]
            left = ", ".join(sorted(names - done))
            require(
                bool(ready),
                f"the columns {left} feed each other in a circle within one wave; put a buffer "
                "in between",
            )
            ordered += ready
        return tuple(ordered)

    @functools.cached_property
    def blocks(self) -> dict[str, Link]:
        """Weight matrices by name, each with the link that owns it."""
        return {link.name: link for link in self.links if link.shares is None}

    def num_synapses(self, num_channels: int) -> int:
        """Entries of all weight matrices, shared ones counted once."""
        sizes = self.sizes(num_channels)
        return sum(sizes[link.source] * sizes[link.target] for link in self.blocks.values())

    def init(self, key: Array, num_channels: int) -> dict[str, Array]:
        """Initial weights by block, float32 `[source, target]`."""
        sizes = self.sizes(num_channels)
        return {
            name: link.start.draw(
                jax.random.fold_in(key, number), (sizes[link.source], sizes[link.target])
            )
            for number, (name, link) in enumerate(self.blocks.items())
        }
