"""Exact and hop-truncated gradients on skewed time, by one pass back (XLA)."""

from dataclasses import dataclass
from typing import ClassVar

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, Int

from latticework.core.cell import CellParams, sum_over
from latticework.core.learner import Updates
from latticework.core.loss import readout_gradient, sequence_loss
from latticework.core.rule import AbstractRule
from latticework.kernels.base import AbstractKernel, Problem, fraction_correct
from latticework.kernels.skew import Forward, SkewTables, forward, from_lanes, skew_tables, to_lanes
from latticework.rules import Bptt, Broadcast, HopTrace, Message, NonIdealities, Rtrl


@dataclass(frozen=True)
class SkewedAdjointKernel(AbstractKernel):
    r"""`bptt`, `rtrl` and `hop_trace` without traces, for whole sequences.

    The direction of `hop_trace(h)` is linear in the traces, so it can be summed backwards. With
    delta_d(t) = m_d F_d and A^n_d(t) the adjoint of a trace that is n hops from its source,

        A^n_d(t) = a_d (delta_d(t+1) + A^n_d(t+1)) + [n < h] F_d sum_s ds_s/dy_d A^{n+1}_s(t)
        direction_k = sum_t I_k(t) (delta_k(t) + A^0_k(t))
                      + dy_k/dtheta (m_k + [h > 0] sum_s ds_s/dy_k A^1_s(t))

    which holds when all paths between two cells are equally long. Once traces reach everywhere
    the levels are one, A^n = A, and this is backpropagation through time; `rtrl` is computed so.
    """

    name: ClassVar[str] = "skewed_adjoint"
    problem: Problem

    @classmethod
    def refusal(cls, problem: Problem) -> str | None:
        """Traces that are perturbed or noisy need to exist; truncation needs a graded wiring."""
        if not problem.network.schedule.is_within_step:
            return "it needs a wavefront schedule"
        return adjoint_refusal(problem)

    def updates(
        self,
        params: CellParams,
        inputs: Float[Array, "seed batch time channel"],
        targets: Int[Array, "seed batch"],
        key: Array | None = None,
    ) -> Updates:
        """The rule's direction, averaged over the batch."""
        network = self.problem.network
        tables = skew_tables(network.wiring)
        lanes = to_lanes(params)
        # An adjoint has no noise, so the key is not used.
        run = forward(network, tables, lanes, jnp.moveaxis(inputs, (2, 3), (0, 1)))
        total = _pass_back(
            self.problem, tables, lanes, run, direct_signal(self.problem, run, targets)
        )
        direction = from_lanes(jax.tree.map(lambda value: value.mean(axis=-1), total))
        readouts = jnp.moveaxis(run.readouts, (0, 1), (-2, -1))
        return Updates(
            direction,
            sequence_loss(readouts, targets, self.problem.loss_mode).mean(axis=1),
            fraction_correct(readouts.sum(axis=-2), targets),
        )

    def scores(
        self, params: CellParams, inputs: Float[Array, "batch time channel"]
    ) -> Float[Array, "seed batch class"]:
        """Readouts summed over time."""
        return skewed_scores(self.problem, params, inputs)


def adjoint_refusal(problem: Problem) -> str | None:
    """Why the direction of `problem` cannot be summed backwards; None when it can."""
    rule, wiring = problem.rule, problem.network.wiring
    if isinstance(rule, Bptt | Rtrl):
        return None
    if not isinstance(rule, HopTrace):
        return f"it computes bptt, rtrl and hop_trace, not {type(rule).__name__}"
    if not isinstance(rule.signal, Message | Broadcast):
        return f"it knows the signals message and broadcast, not {type(rule.signal).__name__}"
    if rule.needs_traces:
        return "imperfect, noisy or rounded traces need the traces themselves"
    if not wiring.is_graded and 0 < rule.hops < wiring.max_depth:
        return "some cells are joined by paths of different lengths, so hops are not levels"
    return None


def num_levels(rule: AbstractRule, max_depth: int) -> int | None:
    """Adjoint levels h + 1 of a truncated rule; None when traces reach everywhere."""
    if isinstance(rule, HopTrace) and rule.hops < max_depth:
        return rule.hops + 1
    return None


def skewed_scores(problem: Problem, params: CellParams, inputs: Array) -> Array:
    """Readouts summed over time, `[seed, batch, class]`."""
    network = problem.network
    num_seeds = jax.tree.leaves(params)[0].shape[0]
    lanes = jnp.moveaxis(inputs, 0, -1)[:, :, None, :]
    lanes = jnp.broadcast_to(lanes, (*lanes.shape[:2], num_seeds, lanes.shape[3]))
    tables = skew_tables(network.wiring)
    run = forward(network, tables, to_lanes(params), lanes, keep=False)
    return jnp.moveaxis(run.readouts.sum(axis=0), 0, -1)


def direct_signal(problem: Problem, run: Forward, targets: Array) -> Array:
    """What reaches every output from outside the lattice, `[time or 1, cell, seed, batch]`."""
    network = problem.network
    readouts = jnp.moveaxis(run.readouts, (0, 1), (-2, -1))
    gradient = readout_gradient(readouts, targets, problem.loss_mode)
    gradient = jnp.moveaxis(gradient, (-2, -1), (1, 0))
    if problem.loss_mode == "sum":
        gradient = gradient[:, :1]
    direct = network.readout.spread(network.wiring, gradient)
    signal = problem.rule.signal if isinstance(problem.rule, HopTrace) else Message()
    if isinstance(signal, Broadcast):
        feedback = jnp.asarray(signal.feedback(network), gradient.dtype)
        direct = direct + jnp.tensordot(feedback, gradient, axes=1)
    return jnp.moveaxis(direct, 1, 0)


def skew_signal(tables: SkewTables, direct: Array, num_ticks: int) -> Array:
    """A signal `[time or 1, cell, ...]` at every tick."""
    if direct.shape[0] == 1:
        return jnp.broadcast_to(direct, (num_ticks, *direct.shape[1:]))
    return tables.skew(direct)


def _pass_back(
    problem: Problem, tables: SkewTables, params: CellParams, run: Forward, direct: Array
) -> CellParams:
    """Directions `[cell, ..., seed, batch]`, summed over time."""
    network, rule = problem.network, problem.rule
    cell, wiring = network.cell, network.wiring
    levels = num_levels(rule, wiring.max_depth)
    signal = rule.signal if isinstance(rule, HopTrace) else Message()
    ideal = rule.non_idealities if isinstance(rule, HopTrace) else NonIdealities()
    num_steps = run.readouts.shape[0]
    num_sent = 2 if levels is None else levels
    lanes, dtype = run.readouts.shape[2:], run.readouts.dtype

    def tick(carry: tuple[Array, Array, CellParams], now: tuple[Array, ...]):
        memory, kept, total = carry
        visible, state, valid, outside = now
        p = cell.partials(params, state, visible[tables.source])
        slope = jnp.where(valid[:, None, None], p.output_by_state, 0)
        pulled = pull(tables, memory)
        message = ideal.read(outside + pulled[0] if signal.is_exact else outside, 0.0, 0.0)
        delta = message * slope
        # Level n pulls level n + 1; the last pulls nothing; without truncation the only one
        # pulls itself.
        own = kept + slope[None] * (
            pulled[1:]
            if levels is None
            else jnp.concatenate([pulled[1:], jnp.zeros_like(pulled[:1])])
        )
        sent = jnp.concatenate([delta[None], own if levels is None else own[1:]])
        sent = (sent[:, :, None] * p.state_by_input[None]).reshape(num_sent, -1, *lanes)
        by_state = jnp.where(valid[:, None, None], delta + own[0], 0)
        by_output = message + pulled[1] if num_sent > 1 else message
        by_output = jnp.where(valid[:, None, None], by_output, 0)
        total = {
            name: value
            + _along(by_state, p.state_by_params[name])
            + _along(by_output, p.output_by_params[name])
            for name, value in total.items()
        }
        memory = jnp.stack([tables.sent.shift(s, m) for s, m in zip(sent, memory, strict=True)])
        return (memory, p.state_by_state[None] * (delta[None] + own), total), None

    num_own = 1 if levels is None else levels
    start = (
        jnp.zeros((num_sent, tables.sent.size, *lanes), dtype),
        jnp.zeros((num_own, wiring.num_cells, *lanes), dtype),
        {name: jnp.zeros((*v.shape[:-2], *lanes), dtype) for name, v in params.items()},
    )
    outside = skew_signal(tables, direct, tables.num_ticks(num_steps))
    now = (run.visible, run.prev_state, jnp.asarray(tables.valid(num_steps)), outside)
    return jax.lax.scan(tick, start, now, reverse=True)[0][2]


def pull(tables: SkewTables, memory: Array) -> Array:
    """`[quantity, item, ...]` in the delay lines to `[quantity, cell, ...]`, summed over users."""
    padded = jnp.concatenate([memory, jnp.zeros_like(memory[:, :1])], axis=1)
    return sum_over(padded[:, tables.pull], axis=2)


def _along(factor: Array, values: Array) -> Array:
    """Multiply `[cell, seed, batch]` into `[cell, ..., seed, batch]`."""
    return (factor[:, None] if values.ndim > factor.ndim else factor) * values
