"""How much arithmetic a step of learning is, counted from the equations."""

from latticework.cells import LeakyTanh
from latticework.core.influence import influence_pairs
from latticework.core.network import Network
from latticework.kernels import Problem
from latticework.rules import Bptt, HopTrace, Rtrl


def operations_per_image(problem: Problem, num_steps: int) -> int | None:
    """Additions and multiplications of one forward sweep and one direction, for one image.

    The leanest known way is counted, whichever path runs, so that paths compare: the adjoint where
    it exists (see `kernels.SkewedAdjointKernel`), else the traces. A tanh counts as one; index
    look-ups, masks and idle ticks that a path adds do not count, nor does what is done once per
    sequence. With K cells, C connected slots and E edges, per time step:

        forward    2 C (drive) + 5 K (state, bias, tanh)
        adjoint    2 E + 3 K (messages) + 2 K + 4 K + 2 C (carry, then tau, bias and weight)
                   and per hop kept before the last, 2 E + 4 K
        traces     2 E + 3 K (messages) + 4 per trace + 2 per trace and kept predecessor

    Returns:
        The count; None for cells or rules whose arithmetic has not been counted.
    """
    network, rule = problem.network, problem.rule
    if not isinstance(network.cell, LeakyTanh) or not isinstance(rule, Bptt | Rtrl | HopTrace):
        return None
    wiring = network.wiring
    cells, slots, edges = wiring.num_cells, int(wiring.connected.sum()), len(wiring.edges)
    per_step = _forward(network) + 2 * edges + 3 * cells
    levels = _levels(problem)
    if levels is None:
        per_step += _traces(problem)
    else:
        per_step += 6 * cells + 2 * slots + (levels - 1) * (2 * edges + 4 * cells)
    return num_steps * per_step


def forward_operations(network: Network, num_steps: int) -> int | None:
    """Additions and multiplications of one forward sweep alone, counted as above."""
    return num_steps * _forward(network) if isinstance(network.cell, LeakyTanh) else None


def _forward(network: Network) -> int:
    wiring = network.wiring
    return 2 * int(wiring.connected.sum()) + 5 * wiring.num_cells


def _levels(problem: Problem) -> int | None:
    """Levels of the adjoint; None where traces are needed."""
    rule, wiring = problem.rule, problem.network.wiring
    if not isinstance(rule, HopTrace):
        return 1
    if rule.needs_traces:
        return None
    if rule.hops >= wiring.max_depth and rule.signal.is_exact:
        return 1
    if rule.hops and not wiring.is_graded:
        return None
    return min(rule.hops, wiring.max_depth) + 1


def _traces(problem: Problem) -> int:
    """Operations on the traces of one time step."""
    rule, wiring = problem.rule, problem.network.wiring
    hops = rule.hops if isinstance(rule, HopTrace) else wiring.max_depth
    pairs = influence_pairs(wiring, min(hops, wiring.max_depth))
    per_source = wiring.has_weight.sum(axis=1) + 2  # weights, log_tau, bias
    traces = per_source[pairs.src]
    predecessors = (pairs.pred_pair >= 0).sum(axis=1)
    return int((traces * (4 + 2 * predecessors)).sum())
