"""How far a rule is from the true gradient, per parameter group and number of hops."""

import dataclasses
from collections.abc import Sequence

import jax
import jax.numpy as jnp
import numpy as np
from jax.typing import ArrayLike
from jaxtyping import Float, Int

from latticework.core.cell import CellParams
from latticework.core.checks import require
from latticework.core.loss import LossMode, check_loss_mode
from latticework.core.network import Network
from latticework.core.precision import double_precision
from latticework.core.rule import AbstractRule
from latticework.core.seeds import key_of
from latticework.kernels import AUTO, AbstractKernel, Problem, choose_kernel
from latticework.kernels.reference import ReferenceKernel
from latticework.rules import RULES, Bptt, HopTrace

ALL_GROUPS = "all"
"""The name under which all groups are measured as one vector."""


@dataclasses.dataclass(frozen=True)
class GradcheckRow:
    """A rule against the true gradient, for one parameter group.

    Args:
        rule: registered name of the rule.
        hops: how far its traces reach; None for a rule that has no such thing.
        group: parameter group, or `ALL_GROUPS`.
        cosine: cosine of the angle to the true gradient, mean over examples.
        relative_error: max |rule - true| / max |true|, mean over examples.
        is_exact: whether the rule claims to equal the true gradient on this network.
        kernel: code path that computed the rule.
    """

    rule: str
    hops: int | None
    group: str
    cosine: float
    relative_error: float
    is_exact: bool
    kernel: str


def gradcheck(
    network: Network,
    inputs: Float[ArrayLike, "example time channel"],
    targets: Int[ArrayLike, " example"],
    loss_mode: LossMode,
    *,
    rule: AbstractRule | None = None,
    hops: Sequence[int] | None = None,
    params: CellParams | None = None,
    seed: int = 0,
    kernel_name: str = AUTO,
) -> list[GradcheckRow]:
    """Compare a rule with `bptt` in float64, example by example.

    A `hop_trace` is measured once per entry of `hops`, whatever its own `hops` is; its signal and
    its non-idealities stay. Any other rule is measured once.

    Args:
        network: what is learned.
        inputs: encoded sequences.
        targets: classes.
        loss_mode: "sum" or "per_t".
        rule: what is measured; the plain `hop_trace` when not given.
        hops: reaches to measure, by default `spread_hops` of the network's depth.
        params: parameters without a seed axis; drawn from `seed` when not given.
        seed: draws the parameters, and the noise of a rule that has some.
        kernel_name: code path, see `kernels.choose_kernel`.

    Returns:
        Per rule one row for each parameter group, then one for all groups as one vector.

    Raises:
        ValueError: the rule, the kernel or the inputs do not fit the network.

    Cost: one compilation per reach.
    """
    check_loss_mode(loss_mode)
    network.check_inputs(np.shape(inputs))
    _check_examples(np.shape(inputs), np.shape(targets))
    rules = _at_each_reach(rule or HopTrace(), network, hops)
    kernels = [choose_kernel(Problem(network, each, loss_mode), kernel_name) for each in rules]
    with double_precision():
        if params is None:
            params = network.init(key_of(seed))
        params = {name: jnp.asarray(value, jnp.float64) for name, value in params.items()}
        batch = (jnp.asarray(inputs, jnp.float64), jnp.asarray(targets, jnp.int32))
        # By autodiff of the forward pass, so that no fast path is compared with itself.
        truth = ReferenceKernel(Problem(network, Bptt(), loss_mode))
        exact = _directions(truth, params, batch, seed)
        rows = []
        for each, kernel in zip(rules, kernels, strict=True):
            got = _directions(kernel, params, batch, seed)
            rows += _rows(each, network, kernel.name, got, exact)
        return rows


def spread_hops(depth: int, dense_to: int = 4) -> tuple[int, ...]:
    """Reaches worth measuring: every one up to `dense_to`, then in growing steps, and the depth."""
    hops = [*range(min(dense_to, depth) + 1)]
    while hops[-1] < depth:
        hops.append(min(depth, max(hops[-1] + 1, hops[-1] * 3 // 2)))
    return tuple(hops)


def _check_examples(inputs: tuple[int, ...], targets: tuple[int, ...]) -> None:
    require(
        len(inputs) == 3 and inputs[0] >= 1 and targets == inputs[:1],
        f"inputs have shape {inputs} and targets {targets}, expected [example, time, channel] and "
        "[example] with at least one example",
    )


def _at_each_reach(
    rule: AbstractRule, network: Network, hops: Sequence[int] | None
) -> list[AbstractRule]:
    if not isinstance(rule, HopTrace):
        require(hops is None, f"{RULES.name_of(rule)} has no hops; leave hops out")
        return [rule]
    reaches = spread_hops(network.wiring.max_depth) if hops is None else hops
    return [dataclasses.replace(rule, hops=int(reach)) for reach in reaches]


def _directions(
    kernel: AbstractKernel, params: CellParams, batch: tuple, seed: int
) -> dict[str, np.ndarray]:
    """The rule's direction for every example, `[example, ...]`."""
    inputs, targets = batch
    # Every example as a seed of its own, with a batch of one: nothing is averaged.
    count = len(targets)
    each = {name: jnp.broadcast_to(value, (count, *value.shape)) for name, value in params.items()}
    keys = jax.random.split(key_of(seed), count)
    updates = jax.jit(kernel.updates)(each, inputs[:, None], targets[:, None], keys)
    return {name: np.asarray(value) for name, value in updates.direction.items()}


def _rows(
    rule: AbstractRule,
    network: Network,
    kernel: str,
    got: dict[str, np.ndarray],
    exact: dict[str, np.ndarray],
) -> list[GradcheckRow]:
    name, hops = RULES.name_of(rule), rule.hops if isinstance(rule, HopTrace) else None
    is_exact = rule.exact_when(network)
    ours, truth = _vectors(got), _vectors(exact)

    def row(group: str) -> GradcheckRow:
        pairs = list(zip(ours[group], truth[group], strict=True))
        cosine = float(np.mean([_cosine(*pair) for pair in pairs]))
        error = float(np.mean([_error(*pair) for pair in pairs]))
        return GradcheckRow(name, hops, group, cosine, error, is_exact, kernel)

    return [row(group) for group in ours]


def _vectors(directions: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
    """One vector per example and group, and one of all groups."""
    flat = {name: value.reshape(len(value), -1) for name, value in directions.items()}
    return {**flat, ALL_GROUPS: np.concatenate(list(flat.values()), axis=1)}


def _cosine(got: np.ndarray, exact: np.ndarray) -> float:
    """Cosine of two vectors; two zeros agree, one zero is at a right angle to everything."""
    lengths = float(np.linalg.norm(got) * np.linalg.norm(exact))
    if lengths == 0:
        return float(np.array_equal(got, exact))
    return float(np.clip(got @ exact / lengths, -1, 1))


def _error(got: np.ndarray, exact: np.ndarray) -> float:
    """Largest difference relative to the largest true entry."""
    scale = float(np.max(np.abs(exact)))
    difference = float(np.max(np.abs(got - exact)))
    return difference / scale if scale else difference
