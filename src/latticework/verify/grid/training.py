"""Training trajectories of the 28x10 grid by the local rule: two Adam steps, twenty SGD steps."""

from collections.abc import Iterator
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
import optax
from jaxtyping import Array

from latticework.cells import LeakyTanh
from latticework.core.cell import CellParams
from latticework.core.seeds import key_of
from latticework.models import LeakyLearner, grid
from latticework.rules import HopTrace
from latticework.tasks import RowImage
from latticework.train.optimisers import OptimiserConfig, build
from latticework.verify.archive import Archive
from latticework.verify.families import Context
from latticework.verify.grid.parameters import compare_array, compare_groups, stored_params
from latticework.verify.outcomes import Check

_ROWS, _COLS = 28, 10


class _After(NamedTuple):
    """After each step, `[step, ...]`; the loss is from before it."""

    params: CellParams
    direction: CellParams
    loss: Array
    optimiser: Any


def replay_training(golden: Archive, context: Context) -> Iterator[Check]:
    """Every array of `train_28x10`."""
    del context
    network = grid(_ROWS, _COLS, LeakyTanh(dt=golden.number("dt")))
    learner = LeakyLearner(network, HopTrace(hops=1))
    init = stored_params(golden, network.wiring.num_cells, "init_")
    images = jnp.asarray(RowImage().encode(golden.array("pixels")), jnp.float64)
    labels = jnp.asarray(golden.array("labels", images.shape[:1]), jnp.int32)

    adam = OptimiserConfig(
        "adam",
        golden.number("adam_lr"),
        b1=golden.number("adam_b1"),
        b2=golden.number("adam_b2"),
        eps=golden.number("adam_eps"),
    )
    num_steps = len(golden.array("adam_loss"))
    order = golden.array("adam_images").reshape(num_steps, -1)
    after = _train(learner, adam, init, images[order], labels[order])
    yield from compare_groups(golden, "adam_params_", after.params)
    yield from compare_groups(golden, "adam_grad_", after.direction)
    yield from compare_groups(golden, "adam_m_", optax.tree_utils.tree_get(after.optimiser, "mu"))
    yield from compare_groups(golden, "adam_v_", optax.tree_utils.tree_get(after.optimiser, "nu"))
    yield compare_array(golden, "adam_loss", after.loss)

    rate = golden.number("sgd_eta0")
    sgd = OptimiserConfig("sgd", rate, group_scales=(("bias", 1 / 20), ("log_tau", 4.0)))
    order = golden.array("sgd_images")[:, None]
    after = _train(learner, sgd, init, images[order], labels[order])
    yield from compare_groups(golden, "sgd_params_", after.params)
    yield compare_array(golden, "sgd_loss", after.loss)


def _train(
    learner: LeakyLearner, config: OptimiserConfig, init: CellParams, inputs: Array, targets: Array
) -> _After:
    """Steps over batches `[step, batch, ...]`, by one seed."""
    params = jax.tree.map(lambda leaf: leaf[None], init)
    optimiser = build(config, len(targets), params)

    def step(carry: tuple[CellParams, Any], batch: tuple[Array, Array]):
        params, state = carry
        inputs, targets = batch
        update = learner.updates(params, inputs[None], targets[None], key_of(0)[None])
        changes, state = optimiser.update(update.direction, state, params)
        params = jax.tree.map(jnp.add, params, changes)
        return (params, state), _After(params, update.direction, update.loss, state)

    def run(params: CellParams, inputs: Array, targets: Array) -> _After:
        return jax.lax.scan(step, (params, optimiser.init(params)), (inputs, targets))[1]

    after = jax.jit(run)(params, inputs, targets)
    return jax.tree.map(lambda leaf: np.asarray(leaf)[:, 0], after)
