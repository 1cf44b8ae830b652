"""The parts on their own: one net, the neighbourhood, the attention."""

from collections.abc import Iterator

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array

from latticework.cells.consensus import LambdaAttention
from latticework.cells.level_nets import Masks, NetParams, linear, three_layers
from latticework.models.glom_weights import STORED
from latticework.topologies import torus
from latticework.verify.archive import Archive
from latticework.verify.families import Context
from latticework.verify.glom.layout import compare_array, ours, theirs
from latticework.verify.outcomes import Check, compare_equal

SCALE = 0.01


def replay_net(golden: Archive, context: Context) -> Iterator[Check]:
    """Every array of `mlp`: activity, gradients, dropout with given masks."""
    del context
    params = {name: jnp.asarray(golden.array(stored))[None] for name, stored in STORED.items()}
    x = jnp.asarray(golden.array("x"))
    cotangent = jnp.asarray(golden.array("cotangent"))

    def net(params: NetParams, x: Array, masks: Masks | None = None):
        inputs = x.T[None]
        inputs = inputs if masks is None else masks(0, inputs)
        return three_layers(params, jnp.tanh(linear(params, 1, inputs)), masks)

    def total(params: NetParams, x: Array) -> Array:
        return jnp.sum(SCALE * net(params, x).value[0].T * cotangent)

    activity = net(params, x)
    for name, value in zip("QKV", activity, strict=True):
        yield compare_array(golden, name, value[0].T)
    yield compare_array(golden, "out", SCALE * activity.value[0].T)
    by_params, by_x = jax.grad(total, argnums=(0, 1))(params, x)
    yield compare_array(golden, "grad_x", by_x)
    for name, stored in STORED.items():
        yield compare_array(golden, f"grad_{stored}", by_params[name][0])
    masks = [golden.array(f"drop_mask_{what}").T[None] for what in ("x", "Q", "K")]
    dropped = net(params, x, lambda layer, inputs: inputs * masks[layer])
    yield compare_array(golden, "out_dropout", SCALE * dropped.value[0].T)


def replay_neighbourhood(golden: Archive, context: Context) -> Iterator[Check]:
    """Every array of `neighbourhood`."""
    del context
    state = ours(golden.array("state"))
    yield compare_equal("roll_shifts", torus.SHIFTS, golden.array("roll_shifts"))
    yield compare_equal("neighbour_offsets", -torus.SHIFTS, golden.array("neighbour_offsets"))
    yield compare_equal("concat", theirs(torus.neighbourhood(state)), golden.array("concat"))


def replay_attention(golden: Archive, context: Context) -> Iterator[Check]:
    """Every array of `attention`: what is computed, and what the published nets read instead."""
    del context
    state = ours(golden.array("state"))
    attention = LambdaAttention(golden.number("epsilon"))
    blocks = torus.neighbours(state)
    agreement = attention.agreement(blocks, state)
    weighted = attention.attend(blocks, state)
    yield compare_array(golden, "tri", attention.discounts(state.shape[0]))
    yield compare_array(golden, "dots", np.moveaxis(np.asarray(agreement), 1, -1))
    yield compare_array(
        golden, "numbers", np.moveaxis(np.asarray(attention.numbers(agreement)), 1, -1)
    )
    yield compare_array(
        golden, "weighted_neighbours", np.moveaxis(np.asarray(weighted), (1, 2), (-2, -1))
    )
    yield compare_array(golden, "intended_concat", theirs(torus.join_blocks(weighted)))
    yield compare_array(golden, "used_concat", theirs(torus.neighbourhood(state)))
