"""The published readout: ten sigmoids, squared error, plain SGD with momentum."""

import functools
from dataclasses import dataclass

import jax
import jax.numpy as jnp
import numpy as np
from jax import lax
from jaxtyping import Array, Int, UInt8

from latticework.core.checks import require
from latticework.core.loss import one_hot
from latticework.core.trained_readout import AbstractTrainedReadout, Fit, LinearParams


@dataclass(frozen=True)
class SigmoidSgd(AbstractTrainedReadout):
    """`y = sigmoid(A f + b)`, loss `sum (y - onehot)^2` per example, one example at a time.

        v <- momentum v + gradient        parameters <- parameters - learning_rate v

    Features are counts as they are. Examples come in the same order in every epoch.

    Args:
        epochs: passes.
        learning_rate: step size.
        momentum: of the velocity v.

    Raises:
        ValueError: a number is out of range.

    Reference: project 18847-rTNN, commit 0db0f76.
    """

    epochs: int = 10
    learning_rate: float = 1e-4
    momentum: float = 0.9

    def __post_init__(self) -> None:
        require(self.epochs >= 1, f"epochs is {self.epochs}, expected 1 or more")
        require(self.learning_rate > 0, f"learning_rate is {self.learning_rate}, expected above 0")
        require(0 <= self.momentum < 1, f"momentum is {self.momentum}, expected 0 to below 1")

    def initial(self, key: Array, num_features: int, num_classes: int) -> LinearParams:
        """Uniform in plus or minus 1 / sqrt(number of features)."""
        bound = jnp.float32(1) / jnp.sqrt(jnp.float32(num_features))
        weight, bias = jax.random.split(key)
        return {
            "weight": jax.random.uniform(
                weight, (num_classes, num_features), jnp.float32, -bound, bound
            ),
            "bias": jax.random.uniform(bias, (num_classes,), jnp.float32, -bound, bound),
        }

    def fit(
        self,
        features: UInt8[Array | np.ndarray, "example feature"],
        targets: Int[Array, " example"],
        key: Array,
        num_classes: int = 10,
    ) -> Fit:
        """All epochs as one compiled loop."""
        return _fit(self, self.initial(key, features.shape[1], num_classes), features, targets)

    def fit_each(
        self,
        features: UInt8[Array | np.ndarray, "seed example feature"],
        targets: Int[Array, "seed example"],
        keys: Array,
        num_classes: int = 10,
    ) -> Fit:
        """All seeds side by side in one loop."""
        size = features.shape[2]
        params = jax.vmap(lambda key: self.initial(key, size, num_classes))(keys)
        return _fit_each(self, params, jnp.asarray(features), jnp.asarray(targets))

    def scores(self, params: LinearParams, features: Array) -> Array:
        """`A f + b`; the sigmoid keeps the order."""
        return features.astype(jnp.float32) @ params["weight"].T + params["bias"][None]

    def epoch(
        self, params: LinearParams, velocity: LinearParams, features: Array, targets: Array
    ) -> tuple[LinearParams, LinearParams, Array]:
        """One pass; the parameters and velocities after it, and the mean loss before each step."""
        rate = jnp.asarray(self.learning_rate, params["bias"].dtype)
        kept = jnp.asarray(self.momentum, params["bias"].dtype)

        def step(carry, example):
            params, velocity = carry
            feature, target = example
            loss, gradient = _gradient(params, feature.astype(params["bias"].dtype), target)
            velocity = jax.tree.map(lambda v, g: kept * v + g, velocity, gradient)
            params = jax.tree.map(lambda p, v: p - rate * v, params, velocity)
            return (params, velocity), loss

        (params, velocity), losses = lax.scan(step, (params, velocity), (features, targets))
        return params, velocity, losses.mean()


def _gradient(params: LinearParams, feature: Array, target: Array) -> tuple[Array, LinearParams]:
    """Loss and gradient of one example."""
    y = jax.nn.sigmoid((params["weight"] * feature[None]).sum(axis=1) + params["bias"])
    wanted = one_hot(target, y.shape[0], dtype=y.dtype)
    error = y - wanted
    bias = 2 * error * y * (1 - y)
    return jnp.sum(error * error), {"weight": bias[:, None] * feature[None], "bias": bias}


@functools.partial(jax.jit, static_argnums=0)
def _fit_each(readout: SigmoidSgd, params: LinearParams, features: Array, targets: Array) -> Fit:
    def one(params: LinearParams, features: Array, targets: Array) -> Fit:
        return _epochs(readout, params, features, targets)

    return jax.vmap(one)(params, features, targets)


def _epochs(readout: SigmoidSgd, params: LinearParams, features: Array, targets: Array) -> Fit:
    """All epochs of one seed."""

    def epoch(carry, _):
        params, velocity, loss = readout.epoch(*carry, features, targets)  # pyright: ignore[reportCallIssue]
        return (params, velocity), loss

    start = (params, jax.tree.map(jnp.zeros_like, params))
    (params, _), losses = lax.scan(epoch, start, length=readout.epochs)
    return Fit(params, losses)


_fit = jax.jit(_epochs, static_argnums=0)
