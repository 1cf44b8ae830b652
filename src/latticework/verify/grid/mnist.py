"""The 28x10 grid on the first eight training images: activity and gradients of every kernel."""

from collections.abc import Iterator

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array

from latticework.core.cell import CellParams
from latticework.core.loss import sequence_loss
from latticework.core.network import Network
from latticework.core.rule import AbstractRule
from latticework.core.seeds import key_of
from latticework.kernels import KERNELS, Problem
from latticework.rules import Bptt, HopTrace
from latticework.tasks import RowImage
from latticework.verify.archive import Archive
from latticework.verify.families import Context
from latticework.verify.grid.parameters import (
    GROUPS,
    compare_array,
    compare_groups,
    published_group,
    stored_network,
    stored_params,
)
from latticework.verify.outcomes import Check, compare, compare_equal

_RULES: dict[str, AbstractRule] = {"snap_": HopTrace(hops=1), "bptt_": Bptt()}

_DRAW_TOLERANCE = 4 * float(np.finfo(np.float32).eps)
"""Draws are float32; the compiler rounds the formulas around them as it likes."""


def replay_mnist(golden: Archive, context: Context) -> Iterator[Check]:
    """Every array of `mnist_28x10_first8`."""
    del context
    network = stored_network(golden)
    params = stored_params(golden, network.wiring.num_cells)
    yield from _initial_parameters(golden, network)
    labels = golden.array("labels")
    count, num_steps = len(labels), golden.count("T")
    shape = (count, num_steps, network.wiring.num_channels)
    sequences = RowImage().encode(golden.array("pixels", shape))
    yield compare_equal("seq", sequences, golden.array("seq"))
    inputs, targets = jnp.asarray(sequences, jnp.float64), jnp.asarray(labels, jnp.int32)
    yield from _activity(golden, network, params, inputs, targets)
    for (prefix, kernel), direction in _directions(network, params, inputs, targets).items():
        for check in compare_groups(golden, prefix, direction):
            yield Check(f"{check.quantity} by {kernel}", check.error, check.tolerance)


def _directions(
    network: Network, params: CellParams, inputs: Array, targets: Array
) -> dict[tuple[str, str], CellParams]:
    """Per prefix and kernel, every example's direction; one compilation for all."""
    problems = {prefix: Problem(network, rule, "sum") for prefix, rule in _RULES.items()}
    kernels = {
        (prefix, name): kernel(problem)
        for prefix, problem in problems.items()
        for name, kernel in KERNELS.items()
        if kernel.refusal(problem) is None
    }
    # One example per seed, all seeds with the same parameters, gives per-example directions.
    each = {name: jnp.broadcast_to(v, (len(targets), *v.shape)) for name, v in params.items()}

    @jax.jit
    def everything(params: CellParams, inputs: Array, targets: Array) -> list[CellParams]:
        return [kernel.updates(params, inputs, targets).direction for kernel in kernels.values()]

    found = everything(each, inputs[:, None], targets[:, None])
    return dict(zip(kernels, found, strict=True))


def _initial_parameters(golden: Archive, network: Network) -> Iterator[Check]:
    """The stored parameters are the published float32 draw from seed 0, which `init` repeats."""
    drawn = network.init(key_of(0))
    for name in GROUPS:
        yield compare(
            f"initial {name}", published_group(drawn, name), golden.array(name), _DRAW_TOLERANCE
        )


def _activity(
    golden: Archive, network: Network, params: CellParams, inputs: Array, targets: Array
) -> Iterator[Check]:
    """What the network does, and the loss of it."""
    activity = jax.jit(jax.vmap(network.forward, in_axes=(None, 0)))(params, inputs)
    yield compare_array(golden, "rates", activity.readouts)
    yield compare_array(golden, "readout", activity.readouts.sum(axis=1))
    yield compare_array(golden, "y0", activity.outputs[0])
    yield compare_array(golden, "loss", sequence_loss(activity.readouts, targets, "sum"))
