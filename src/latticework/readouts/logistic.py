"""A proper linear readout: multinomial logistic regression with an L2 penalty."""

import functools
from dataclasses import dataclass

import jax
import jax.numpy as jnp
import numpy as np
from jax import lax
from jaxtyping import Array, Int, UInt8

from latticework.core.checks import require
from latticework.core.loss import cross_entropy
from latticework.core.trained_readout import AbstractTrainedReadout, Fit, LinearParams
from latticework.core.trees import stacked

_CHUNK = 2000
"""Examples per product: counts are kept as bytes and widened a chunk at a time."""


@dataclass(frozen=True)
class Logistic(AbstractTrainedReadout):
    """Minimises `mean cross entropy + |A|^2 / (2 strength N)` of `A f / scale + b`, by L-BFGS.

    Args:
        strength: the larger, the weaker the penalty (scikit-learn's C).
        scale: features are divided by it; the number of steps in a wave, say.
        iterations: most iterations of L-BFGS.

    Raises:
        ValueError: a number is out of range.
    """

    strength: float = 0.1
    scale: float = 16.0
    iterations: int = 300

    def __post_init__(self) -> None:
        for name in ("strength", "scale"):
            value = getattr(self, name)
            require(value > 0, f"{name} is {value}, expected a positive number")
        require(self.iterations >= 1, f"iterations is {self.iterations}, expected 1 or more")

    def fit(
        self,
        features: UInt8[Array | np.ndarray, "example feature"],
        targets: Int[Array, " example"],
        key: Array,
        num_classes: int = 10,
    ) -> Fit:
        """From zero: the problem is convex, so nothing is drawn."""
        from scipy.optimize import minimize  # takes a while to import, and few runs need it

        del key
        size = features.shape[1]
        shape = (num_classes, size + 1)
        value = _objective(self, jnp.asarray(features), jnp.asarray(targets, jnp.int32))

        def function(flat: np.ndarray) -> tuple[float, np.ndarray]:
            loss, slope = value(jnp.asarray(flat.reshape(shape), jnp.float32))
            return float(loss), np.asarray(slope, np.float64).reshape(-1)

        found = minimize(
            function,
            np.zeros(num_classes * (size + 1)),
            jac=True,
            method="L-BFGS-B",
            options={"maxiter": self.iterations, "maxcor": 10, "ftol": 1e-9, "gtol": 1e-5},
        )
        table = found.x.reshape(shape).astype(np.float32)
        params = {"weight": jnp.asarray(table[:, :-1]), "bias": jnp.asarray(table[:, -1])}
        return Fit(params, jnp.asarray([found.fun], jnp.float32))

    def fit_each(
        self,
        features: UInt8[Array | np.ndarray, "seed example feature"],
        targets: Int[Array, "seed example"],
        keys: Array,
        num_classes: int = 10,
    ) -> Fit:
        """One seed after the other."""
        fits = [
            self.fit(own, classes, key, num_classes)
            for own, classes, key in zip(features, targets, keys, strict=True)
        ]
        return stacked(fits)

    def scores(self, params: LinearParams, features: Array) -> Array:
        """`A f / scale + b`."""
        scaled = features.astype(jnp.float32) / jnp.float32(self.scale)
        return scaled @ params["weight"].T + params["bias"][None]


def _objective(readout: Logistic, features: Array, targets: Array):
    """A compiled function from `[class, feature + 1]` to the objective and its gradient."""
    number = features.shape[0]
    pad = -number % min(_CHUNK, number)
    rows = (number + pad) // min(_CHUNK, number)
    shown = jnp.pad(features, ((0, pad), (0, 0))).reshape(rows, -1, features.shape[1])
    classes = jnp.pad(targets, (0, pad)).reshape(rows, -1)
    counted = (jnp.arange(number + pad) < number).astype(jnp.float32).reshape(rows, -1)

    def loss(table: Array, features: Array, targets: Array, counted: Array) -> Array:
        scores = readout.scores({"weight": table[:, :-1], "bias": table[:, -1]}, features)
        return jnp.sum(cross_entropy(scores, targets) * counted)

    @jax.jit
    def value(table: Array, shown: Array, classes: Array, counted: Array):
        def add(carry, chunk):
            return jax.tree.map(jnp.add, carry, jax.value_and_grad(loss)(table, *chunk)), None

        start = (jnp.float32(0), jnp.zeros_like(table))
        (total, slope), _ = lax.scan(add, start, (shown, classes, counted))
        penalty = table.at[:, -1].set(0) / jnp.float32(readout.strength)
        rest = jnp.sum(penalty * table) / 2
        return (total + rest) / jnp.float32(number), (slope + penalty) / jnp.float32(number)

    return functools.partial(value, shown=shown, classes=classes, counted=counted)
