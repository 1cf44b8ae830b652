"""The tables and options that the compiled kernels read; `native/plan.hpp` is the other end."""

import itertools

import numpy as np

from latticework.cells import LeakyTanh
from latticework.core.fixed_point import FixedPoint
from latticework.core.influence import influence_pairs
from latticework.core.readout import AbstractCountedReadout
from latticework.core.topology import NOTHING, Wiring, kept_by_wiring
from latticework.kernels.base import Problem
from latticework.rules import Broadcast, HopTrace, NonIdealities

MAGIC = 0x4C573033
_HEADER = 16
_OPTIONS = 18


@kept_by_wiring
def plan(wiring: Wiring, readout: AbstractCountedReadout, trace_hops: int | None) -> np.ndarray:
    """Everything the kernels need of a wiring and of what is read, as one int32 array.

    Args:
        wiring: the lattice.
        readout: which classes read which cells.
        trace_hops: how far traces reach where traces are needed, None where they are not.
    """
    num_cells = wiring.num_cells
    in_ptr, in_source, in_slot, input_at = _inputs(wiring)
    out_ptr, out_cell, out_input = _users(wiring, input_at)
    port_ptr, port_class, port_sign = _ports(readout.counts(wiring))
    last_user = [max(out_cell[a:b], default=k) for k, (a, b) in enumerate(_spans(out_ptr))]
    first_source = [
        min((s for s in in_source[a:b] if s < num_cells), default=k)
        for k, (a, b) in enumerate(_spans(in_ptr))
    ]
    forward_row = share_rows(range(num_cells), last_user)
    message_row = share_rows(range(num_cells - 1, -1, -1), first_source)
    by_depth = np.argsort(wiring.depth, kind="stable")
    pairs, num_pair_inputs, num_idle = _pairs(wiring, trace_hops, input_at)
    header = np.zeros(_HEADER, np.int64)
    header[:13] = [
        MAGIC,
        num_cells,
        wiring.num_slots,
        wiring.num_channels,
        wiring.num_classes,
        len(in_source),
        len(out_cell),
        len(port_class),
        max(forward_row) + 1,
        max(message_row) + 1,
        len(pairs[0]),
        num_pair_inputs,
        num_idle,
    ]
    sections = [
        header,
        *(in_ptr, in_source, in_slot),
        *(out_ptr, out_cell, out_input),
        *(port_ptr, port_class, port_sign),
        *(forward_row, message_row, by_depth),
        *pairs,
    ]
    table = np.concatenate([np.asarray(section, np.int32) for section in sections])
    table.setflags(write=False)
    return table


def _spans(ptr: list[int]) -> list[tuple[int, int]]:
    return list(itertools.pairwise(ptr))


def _inputs(wiring: Wiring) -> tuple[list[int], list[int], list[int], dict]:
    """Connected slots by cell, and where each (cell, slot) went."""
    ptr, source, slots = [0], [], []
    at: dict[tuple[int, int], int] = {}
    for cell in range(wiring.num_cells):
        for slot in np.flatnonzero(wiring.connected[cell]):
            at[cell, int(slot)] = len(source)
            source.append(int(wiring.source[cell, slot]))
            slots.append(int(slot))
        ptr.append(len(source))
    return ptr, source, slots, at


def _users(wiring: Wiring, input_at: dict) -> tuple[list[int], list[int], list[int]]:
    """Users of each cell, and which input of theirs it is."""
    ptr, cells, inputs = [0], [], []
    for users, slots in zip(*wiring.succ, strict=True):
        for user, slot in zip(users.tolist(), slots.tolist(), strict=True):
            if user != NOTHING:
                cells.append(user)
                inputs.append(input_at[user, slot])
        ptr.append(len(cells))
    return ptr, cells, inputs


def _ports(counts: np.ndarray) -> tuple[list[int], list[int], list[int]]:
    """Classes that read each cell, and for or against; a cell may be read more than once."""
    ptr, classes, signs = [0], [], []
    for of_cell in counts.T.tolist():
        for number, count in enumerate(of_cell):
            classes += [number] * abs(count)
            signs += [1 if count > 0 else -1] * abs(count)
        ptr.append(len(classes))
    return ptr, classes, signs


def share_rows(order, last_reader: list[int]) -> list[int]:
    """Rows of memory for cells that are made in `order` and read no later than at `last_reader`.

    A row is free again once its last reader is done, so few rows serve many cells. A reader never
    gets the row of what it reads.
    """
    expires: dict[int, list[int]] = {}
    for cell in order:
        expires.setdefault(last_reader[cell], []).append(cell)
    row = [NOTHING] * len(last_reader)
    free: list[int] = []
    count = 0
    for cell in order:
        if not free:
            free.append(count)
            count += 1
        row[cell] = free.pop()
        free.extend(row[done] for done in expires.get(cell, ()))
    return row


def _pairs(
    wiring: Wiring, hops: int | None, input_at: dict
) -> tuple[tuple[np.ndarray, ...], int, int]:
    """Kept influences by stage, self pairs first; the number of their inputs and of idle slots."""
    if hops is None:
        return (np.zeros(0, int),) * 5, 0, 0
    kept = influence_pairs(wiring, min(hops, wiring.max_depth))
    order = np.argsort(kept.stage, kind="stable")
    place = np.empty_like(order)
    place[order] = np.arange(len(order))
    ptr, from_pair, from_input = [0], [], []
    for pair in order:
        for slot, source in enumerate(kept.pred_pair[pair].tolist()):
            if source != NOTHING:
                from_pair.append(int(place[source]))
                from_input.append(input_at[int(kept.dst[pair]), slot])
        ptr.append(len(from_pair))
    num_idle = wiring.succ[0].size - len(wiring.edges)
    columns = (kept.src[order], kept.dst[order], ptr, from_pair, from_input)
    return tuple(np.asarray(column) for column in columns), len(from_pair), num_idle


def needs_traces(problem: Problem) -> bool:
    """Whether it cannot be summed backwards: noise, rounding, or hops that are not levels."""
    rule, wiring = problem.rule, problem.network.wiring
    if not isinstance(rule, HopTrace):
        return False
    truncated = 0 < rule.hops < wiring.max_depth
    # Leak and subtraction bias alone stay linear, so the adjoint has them.
    return rule.is_random or not rule.storage.is_exact or (truncated and not wiring.is_graded)


def trace_hops(problem: Problem) -> int | None:
    """How far traces reach where they are needed, else None."""
    rule = problem.rule
    return rule.hops if isinstance(rule, HopTrace) and needs_traces(problem) else None


def options(problem: Problem, num_threads: int) -> np.ndarray:
    """The numbers of a problem, as float64."""
    rule, network = problem.rule, problem.network
    cell, readout = network.cell, network.readout
    if not (isinstance(cell, LeakyTanh) and isinstance(readout, AbstractCountedReadout)):
        raise ValueError(f"{type(cell).__name__} and {type(readout).__name__} are not compiled")
    ideal = rule.non_idealities if isinstance(rule, HopTrace) else NonIdealities()
    num_levels, wraps = 1, True
    if isinstance(rule, HopTrace) and rule.hops < network.wiring.max_depth:
        num_levels, wraps = rule.hops + 1, False
    elif ideal.trace_leak or ideal.subtraction_bias:
        num_levels = 2  # a trace in its own cell is perfect, all others are not
    storage = rule.storage if isinstance(rule, HopTrace) else FixedPoint()
    values = np.zeros(_OPTIONS)
    values[:17] = [
        cell.dt,
        readout.gain,
        problem.loss_mode == "per_t",
        isinstance(rule, HopTrace) and isinstance(rule.signal, Broadcast),
        num_levels,
        wraps,
        needs_traces(problem),
        ideal.trace_leak,
        ideal.gain_positive,
        ideal.gain_negative,
        ideal.subtraction_bias,
        ideal.trace_noise,
        ideal.message_noise,
        num_threads,
        storage.bits,
        storage.limit,
        storage.is_random,
    ]
    return values


def feedback(problem: Problem) -> np.ndarray:
    """The broadcast feedback, flat; empty without broadcast."""
    rule = problem.rule
    if isinstance(rule, HopTrace) and isinstance(rule.signal, Broadcast):
        return rule.signal.feedback(problem.network).ravel()
    return np.zeros(0)
