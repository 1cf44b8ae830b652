"""Activation functions by name, with the derivative at a kink stated."""

from collections.abc import Callable, Mapping
from typing import Literal, get_args

import jax
import jax.numpy as jnp
from jaxtyping import Array

from latticework.core.checks import require
from latticework.core.registry import unknown_name

ActivationName = Literal["silu", "relu", "leaky_relu", "tanh"]

LEAKY_SLOPE = 0.01


def _relu(h: Array) -> Array:
    """`max(h, 0)`, of derivative 0 at 0."""
    return jnp.where(h > 0, h, jnp.zeros_like(h))


def _leaky_relu(h: Array) -> Array:
    """`h` above zero, `0.01 h` elsewhere, of derivative 0.01 at 0."""
    return jnp.where(h > 0, h, LEAKY_SLOPE * h)


ACTIVATIONS: Mapping[str, Callable[[Array], Array]] = {
    "silu": jax.nn.silu,
    "relu": _relu,
    "leaky_relu": _leaky_relu,
    "tanh": jnp.tanh,
}


def check_activation(name: str) -> None:
    """Raise ValueError unless `name` is an activation."""
    known = get_args(ActivationName)
    require(name in known, unknown_name("activation", name, list(known)))
