"""Temporal neural networks step by step in numpy, as the specification words them; and wirings."""

import numpy as np

from latticework.core.spikes import from_frames
from latticework.kernels.wave_problem import WaveProblem
from latticework.rules import Stdp
from latticework.schedules import Wave, corrected
from latticework.topologies import Buffer, Column, Columns, Inputs, Link, Uniform

CERTAIN = Stdp(128, 128, 128, 128, 128, 16)
"""Every case happens: learning draws nothing that matters."""

CHANCY = Stdp(40, 30, 20, 96, 16, 16)

WIRINGS = {
    "recurrent": Columns(
        (Inputs("row"),),
        (Column("r", 13, 20, 4),),
        (Buffer("b", "r"),),
        (
            Link("row", "r", Uniform(16), CERTAIN),
            Link("b", "r", Uniform(8, sparse=0.5), CERTAIN),
        ),
    ),
    "no inhibition": Columns(
        (Inputs("row"),),
        (Column("r", 9, 25),),
        (Buffer("b", "r"), Buffer("c", "b")),
        (Link("row", "r", Uniform(16)), Link("b", "r", Uniform(8)), Link("c", "r", Uniform(8))),
    ),
    "halves": Columns(
        (Inputs("left", 0, 6, width=10), Inputs("right", 4, 10, width=10)),
        (Column("a", 7, 14, 1), Column("c", 7, 14, 2), Column("top", 11, 9, 3)),
        (Buffer("b", "top", weight=2.0), Buffer("d", "b")),
        (
            Link("left", "a", Uniform(12), CERTAIN),
            Link("right", "c", Uniform(12), CERTAIN, shares="left>a"),
            Link("a", "top", Uniform(12)),
            Link("c", "top", Uniform(12), CERTAIN),
            Link("b", "top", Uniform(3, low=1, high=2)),
            Link("d", "top", Uniform(3), CERTAIN),
        ),
        outputs=("top", "a"),
    ),
}
CHANNELS = 10
SCHEDULES = {
    "faithful": Wave(8, "first"),
    "right winners": Wave(8, "first", right_winners=True),
    "separate waves": Wave(8, "first", separate_waves=True),
    "corrected": corrected(8, "first"),
}


def trains(seed: int, *shape: int, length: int = 8) -> np.ndarray:
    """Thermometer trains of random counts, mostly silent, uint32 `shape`."""
    rng = np.random.default_rng(seed)
    count = rng.integers(0, length + 1, shape) * (rng.random(shape) < 0.6)
    steps = np.arange(length)
    return from_frames(np.swapaxes(steps >= length - count[..., None], -1, -2))


def weights(problem: WaveProblem, seed: int) -> dict[str, np.ndarray]:
    """Whole multiples of 1/8, so that sums are exact."""
    rng = np.random.default_rng(seed)
    found = {}
    for name, link in problem.wiring.blocks.items():
        shape = (problem.sizes[link.source], problem.sizes[link.target])
        drawn = np.floor(8 * link.start.most * rng.random(shape)) / 8
        found[name] = (drawn * (rng.random(shape) < 0.7)).astype(np.float32)
    return found


def stepwise(problem: WaveProblem, matrices: dict, example: np.ndarray, *, learns: bool):
    """All frames by population `[wave, step, unit]` and the weights, one step after the other."""
    wiring, schedule, length = problem.wiring, problem.schedule, problem.schedule.length
    matrices = {name: value.astype(np.float64).copy() for name, value in matrices.items()}
    now = {name: np.zeros(size) for name, size in problem.sizes.items()}
    kept = {buffer.name: np.zeros((length, now[buffer.name].size)) for buffer in wiring.buffers}
    seen = {name: [] for name in now}
    for word in example:
        if schedule.separate_waves:
            now = {name: np.zeros_like(value) for name, value in now.items()}
        above = {column.name: np.zeros(column.size, int) for column in wiring.columns}
        latched = {column.name: np.zeros(column.size, bool) for column in wiring.columns}
        frames = {name: np.zeros((length, value.size)) for name, value in now.items()}
        for step in range(length):
            new = {}
            for part in wiring.inputs:
                new[part.name] = (word[part.channels(CHANNELS)] >> step & 1).astype(float)
            for column in wiring.columns:
                drive = np.zeros(column.size)
                for link in wiring.links:
                    if link.target == column.name:
                        drive += now[link.source] @ matrices[link.block]
                above[column.name] += drive >= column.threshold
                latch(latched[column.name], above[column.name], column.winners, schedule)
                new[column.name] = latched[column.name].astype(float)
            for buffer in wiring.buffers:
                new[buffer.name] = kept[buffer.name][step].copy()
                value = buffer.weight * now[buffer.of]
                kept[buffer.name][step] = value if schedule.real_buffers else value.astype(np.int8)
            if step == length - 1 and not schedule.keeps_last_step:
                for column in wiring.columns:
                    new[column.name] = np.zeros(column.size)
            now = new
            for name, value in now.items():
                frames[name][step] = value
        for name in seen:
            seen[name].append(frames[name])
        if learns:
            learn(problem, matrices, frames)
    return {name: np.stack(value) for name, value in seen.items()}, matrices


def latch(latched: np.ndarray, above: np.ndarray, winners: int | None, schedule: Wave) -> None:
    """One step of inhibition, ties to the first."""
    if winners is None:
        latched |= above >= 1
        return
    free = np.flatnonzero(~latched)
    room = winners - latched.sum()
    if room <= 0 or not above[free].any():
        return
    places = np.flatnonzero(above[free] == above[free].max())[:room]
    latched[free[places] if schedule.right_winners else places] = True


def learn(problem: WaveProblem, matrices: dict, frames: dict) -> None:
    """The case table, with certain cases."""
    for link in problem.wiring.links:
        if link.rule is None:
            continue
        x = (frames[link.source] != 0).sum(axis=0)[:, None]
        y = (frames[link.target] != 0).sum(axis=0)[None]
        lag = problem.lag_of(link.source)
        change = np.where((x > 0) & (y > 0), np.where(x >= y + lag, 1, -1), 0)
        change = np.where((x > 0) & (y == 0), 1, np.where((x == 0) & (y > 0), -1, change))
        matrix = matrices[link.block]
        matrix[:] = np.clip(matrix + change, 0, link.rule.w_max)
