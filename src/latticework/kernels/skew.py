"""Skewed time: at tick n, a cell of depth d works on step n - d, so that all cells work at once.

A wavefront step is a chain of `max_depth + 1` dependent vector operations. Skewed, a sequence of T
steps takes T + max_depth ticks, each of them one operation on all cells. What a cell needs from a
predecessor one deeper was made at the tick before; from one that is further away it comes through
a delay line.

Arrays here have the cell first, then what the cell code wants, then lanes (seed, batch).
"""

from dataclasses import dataclass
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array

from latticework.core.cell import CellParams
from latticework.core.network import Network
from latticework.core.topology import Wiring, kept_by_wiring


@dataclass(frozen=True, eq=False)
class DelayLines:
    """Values of earlier ticks, kept in a vector `[item | relay]` that shifts once per tick.

    Args:
        num_items: number of fresh values per tick.
        relay_from: `[relay]`, where in the vector each relay takes its value from.
        where: `[request]`, where in the vector each requested (item, lag) is found.
    """

    num_items: int
    relay_from: np.ndarray
    where: np.ndarray

    @property
    def size(self) -> int:
        """Length of the vector."""
        return self.num_items + len(self.relay_from)

    def shift(self, fresh: Array, memory: Array) -> Array:
        """The vector after a tick that made `fresh`."""
        if not len(self.relay_from):
            return fresh
        return jnp.concatenate([fresh, memory[self.relay_from]])


def delay_lines(num_items: int, items: np.ndarray, lags: np.ndarray) -> DelayLines:
    """Delay lines that serve every request (item, lag in ticks, 1 or more)."""
    place = {(item, 1): item for item in range(num_items)}
    relay_from: list[int] = []
    for item, lag in sorted(set(zip(items.tolist(), lags.tolist(), strict=True))):
        for older in range(2, lag + 1):
            if (item, older) not in place:
                place[item, older] = num_items + len(relay_from)
                relay_from.append(place[item, older - 1])
    where = [place[request] for request in zip(items.tolist(), lags.tolist(), strict=True)]
    return DelayLines(num_items, np.array(relay_from, int), np.array(where, int))


@dataclass(frozen=True, eq=False)
class SkewTables:
    """A wiring, skewed.

    Args:
        wiring: what is skewed.
        outputs: delay lines over cell outputs, for the forward pass.
        line_channel: `[line]`, the channel of each input line.
        line_depth: `[line]`, the depth at which the line enters.
        source: `[cell, slot]`, index into (delay lines, input lines, one zero).
        sent: delay lines over (cell, slot) products, for the pass back.
        pull: `[cell, fan_out]`, index into those and one zero at the end.
    """

    wiring: Wiring
    outputs: DelayLines
    line_channel: np.ndarray
    line_depth: np.ndarray
    source: np.ndarray
    sent: DelayLines
    pull: np.ndarray

    def num_ticks(self, num_steps: int) -> int:
        """Ticks that a sequence takes."""
        return num_steps + self.wiring.max_depth

    def started(self, num_steps: int) -> np.ndarray:
        """`[tick, cell]`: whether the cell has a step behind it."""
        return np.arange(self.num_ticks(num_steps))[:, None] > self.wiring.depth

    def valid(self, num_steps: int) -> np.ndarray:
        """`[tick, cell]`: whether the cell works on a step of the sequence."""
        step = np.arange(self.num_ticks(num_steps))[:, None] - self.wiring.depth
        return (step >= 0) & (step < num_steps)

    def skew(self, values: Array) -> Array:
        """`[time, cell, ...]` to `[tick, cell, ...]`; ticks outside the sequence repeat an end."""
        num_steps = values.shape[0]
        step = np.arange(self.num_ticks(num_steps))[:, None] - self.wiring.depth
        return values[np.clip(step, 0, num_steps - 1), np.arange(self.wiring.num_cells)]

    def unskew(self, values: Array) -> Array:
        """`[tick, cell, ...]` to `[time, cell, ...]`."""
        num_steps = values.shape[0] - self.wiring.max_depth
        tick = np.arange(num_steps)[:, None] + self.wiring.depth
        return values[tick, np.arange(self.wiring.num_cells)]

    def skew_channels(self, inputs: Array) -> Array:
        """`[time, channel, ...]` to input lines `[tick, line, ...]`, zero outside the sequence."""
        num_steps = inputs.shape[0]
        step = np.arange(self.num_ticks(num_steps))[:, None] - self.line_depth
        outside = (step < 0) | (step >= num_steps)
        padded = jnp.concatenate([inputs, jnp.zeros_like(inputs[:1])])
        return padded[np.where(outside, num_steps, step), self.line_channel]


@kept_by_wiring
def skew_tables(wiring: Wiring) -> SkewTables:
    """The tables of `wiring`, made once."""
    src, dst, slot = wiring.edges.T
    lag = wiring.depth[dst] - wiring.depth[src]
    outputs = delay_lines(wiring.num_cells, src, lag)
    at_cell, at_slot = np.nonzero(wiring.channel >= 0)
    ports = np.stack([wiring.channel[at_cell, at_slot], wiring.depth[at_cell]], axis=1)
    lines, line_of = np.unique(ports, axis=0, return_inverse=True)
    source = np.full(wiring.pred.shape, outputs.size + len(lines))
    source[dst, slot] = outputs.where
    source[at_cell, at_slot] = outputs.size + line_of.ravel()
    sent = delay_lines(wiring.pred.size, dst * wiring.num_slots + slot, lag)
    pull = np.full(wiring.succ[0].shape, sent.size)
    used = np.zeros(wiring.num_cells, int)
    for cell, where in zip(src, sent.where, strict=True):
        pull[cell, used[cell]] = where
        used[cell] += 1
    return SkewTables(wiring, outputs, lines[:, 0], lines[:, 1], source, sent, pull)


class Forward(NamedTuple):
    """A skewed forward pass.

    Args:
        visible: `[tick, item, seed, batch]`, what cells could see at each tick.
        prev_state: `[tick, cell, seed, batch]`, states before the tick.
        readouts: `[time, class, seed, batch]`.
    """

    visible: Array
    prev_state: Array
    readouts: Array


def to_lanes(params: CellParams) -> CellParams:
    """`[seed, cell, ...]` to `[cell, ..., seed, 1]`."""
    return jax.tree.map(lambda value: jnp.moveaxis(value, 0, -1)[..., None], params)


def from_lanes(values: CellParams) -> CellParams:
    """`[cell, ..., seed]` to `[seed, cell, ...]`."""
    return jax.tree.map(lambda value: jnp.moveaxis(value, -1, 0), values)


def forward(
    network: Network, tables: SkewTables, params: CellParams, inputs: Array, keep: bool = True
) -> Forward:
    """Run `inputs` `[time, channel, seed, batch]`; without `keep` only the readouts are real."""
    num_steps, lanes = inputs.shape[0], inputs.shape[2:]
    num_cells, dtype = network.wiring.num_cells, inputs.dtype
    zero = jnp.zeros((1, *lanes), dtype)

    def tick(carry: tuple[Array, Array], now: tuple[Array, Array]):
        state, memory = carry
        lines, started = now
        visible = jnp.concatenate([memory, lines, zero])
        state = jnp.where(started[:, None, None], state, 0)
        new_state = network.cell.update(params, state, visible[tables.source])
        output = network.cell.output(params, new_state)
        kept = (visible, state) if keep else (zero, zero)
        return (new_state, tables.outputs.shift(output, memory)), (output, kept)

    start = (
        jnp.zeros((num_cells, *lanes), dtype),
        jnp.zeros((tables.outputs.size, *lanes), dtype),
    )
    now = (tables.skew_channels(inputs), jnp.asarray(tables.started(num_steps)))
    _, (outputs, kept) = jax.lax.scan(tick, start, now)
    outputs = jnp.moveaxis(tables.unskew(outputs), 1, 0)
    readouts = jnp.moveaxis(network.readout.read(network.wiring, outputs), 0, 1)
    return Forward(*kept, readouts)
