"""The two loss modes of the leaky family: cross entropy of summed or of per-step readouts."""

from typing import Literal, get_args

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, Int

from latticework.core.checks import require

LossMode = Literal["sum", "per_t"]
"""`sum`: cross entropy of the readouts summed over time. `per_t`: mean over steps of the cross
entropy of each step's readout."""


def check_loss_mode(mode: str) -> None:
    """Raise ValueError unless `mode` is a loss mode."""
    known = get_args(LossMode)
    require(mode in known, f"loss mode {mode!r} is not known; expected one of {', '.join(known)}")


def cross_entropy(
    scores: Float[Array, "... classes"], target: Int[Array, " ..."]
) -> Float[Array, " ..."]:
    """`-log softmax(scores)[target]`, in nats; NaN for a class that does not exist."""
    log_probs = jax.nn.log_softmax(scores, axis=-1)
    # A negative index would count from the end.
    index = jnp.where(target < 0, scores.shape[-1], target)[..., None]
    return -jnp.take_along_axis(log_probs, index, axis=-1, mode="fill")[..., 0]


def one_hot(target: Int[Array, " ..."], num_classes: int, *, axis: int = -1, dtype) -> Array:
    """1 for the target and 0 elsewhere, along a new axis; NaN for a class that does not exist."""
    exists = jnp.expand_dims((target >= 0) & (target < num_classes), axis)
    ones = jax.nn.one_hot(target, num_classes, axis=axis, dtype=dtype)
    return jnp.where(exists, ones, jnp.asarray(jnp.nan, dtype))


def error(
    scores: Float[Array, "... classes"], target: Int[Array, " ..."]
) -> Float[Array, "... classes"]:
    """`softmax(scores) - onehot(target)`: the gradient of the cross entropy by the scores."""
    wanted = one_hot(target, scores.shape[-1], dtype=scores.dtype)
    return jax.nn.softmax(scores, axis=-1) - wanted


def sequence_loss(
    readouts: Float[Array, "... time classes"], target: Int[Array, " ..."], mode: LossMode
) -> Float[Array, " ..."]:
    """Loss of a whole sequence of readouts, in nats."""
    if mode == "sum":
        return cross_entropy(readouts.sum(axis=-2), target)
    steps = jnp.broadcast_to(target[..., None], readouts.shape[:-1])
    return cross_entropy(readouts, steps).mean(axis=-1)


def readout_gradient(
    readouts: Float[Array, "... time classes"], target: Int[Array, " ..."], mode: LossMode
) -> Float[Array, "... time classes"]:
    """`dL/dr(t)` for every step: the same for all steps in `sum` mode, `error / T` in `per_t`."""
    if mode == "sum":
        at_once = error(readouts.sum(axis=-2), target)
        return jnp.broadcast_to(at_once[..., None, :], readouts.shape)
    steps = jnp.broadcast_to(target[..., None], readouts.shape[:-1])
    return error(readouts, steps) / readouts.shape[-2]
