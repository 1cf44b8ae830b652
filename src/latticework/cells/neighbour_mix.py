"""A cell that mixes its neighbours with weights of its own: the cell of gridnet."""

import math
from dataclasses import dataclass

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float

from latticework.cells.activations import ACTIVATIONS, ActivationName, check_activation
from latticework.core.checks import require
from latticework.core.lattice import AbstractLattice, AbstractLatticeCell, LatticeParams


@dataclass(frozen=True)
class NeighbourMix(AbstractLatticeCell):
    """A residual step towards a non-linear mix of the neighbourhood; nothing is shared.

        h = bias + sum_d weight[d] seen[d]
        u' = u + residual_scale phi(h)

    Parameters: `weight` `[slot, *cells]`, `bias` and `residual_scale` `[*cells]`.

    Args:
        activation: phi, one of "silu", "relu", "leaky_relu" (slope 0.01), "tanh".
        init_scale: weights are drawn from N(0, 1) times `init_scale / sqrt(slots)`.
        residual_scale: initial value of the learned scale.

    Cost: two floating-point operations per slot and cell, one activation per cell.

    Raises:
        ValueError: an argument is out of range.

    Reference: unixpickle, gridnet (2024), github.com/unixpickle/gridnet.
    """

    activation: ActivationName = "silu"
    init_scale: float = 1.0
    residual_scale: float = 1.0

    def __post_init__(self) -> None:
        check_activation(self.activation)
        _check_finite("init_scale", self.init_scale)
        _check_finite("residual_scale", self.residual_scale)

    @property
    def param_names(self) -> tuple[str, ...]:
        """Names of the parameters."""
        return ("weight", "bias", "residual_scale")

    def init(self, key: Array, lattice: AbstractLattice) -> LatticeParams:
        """Draw parameters, float32; cells at an edge are drawn like all others."""
        return {
            "weight": _draw(key, (), lattice, self.init_scale),
            "bias": jnp.zeros(lattice.shape, jnp.float32),
            "residual_scale": jnp.full(lattice.shape, self.residual_scale, jnp.float32),
        }

    def update(
        self,
        params: LatticeParams,
        state: Float[Array, "*cells"],
        seen: Float[Array, "slot *cells"],
    ) -> Float[Array, "*cells"]:
        """`u + residual_scale phi(h)`."""
        drive = params["bias"] + jnp.sum(params["weight"] * seen, axis=0)
        return state + params["residual_scale"] * ACTIVATIONS[self.activation](drive)


@dataclass(frozen=True)
class GatedNeighbourMix(AbstractLatticeCell):
    """A learned blend of the old value and a mix of the neighbourhood.

        c = phi(bias[0] + sum_d weight[d, 0] seen[d])
        g = sigmoid(bias[1] + sum_d weight[d, 1] seen[d])
        u' = g u + (1 - g) c

    The gate remembers: g near 1 keeps the old value. Parameters: `weight` `[slot, 2, *cells]`,
    `bias` `[2, *cells]`.

    Args:
        activation: phi, one of "silu", "relu", "leaky_relu" (slope 0.01), "tanh".
        init_scale: weights are drawn from N(0, 1) times `init_scale / sqrt(slots)`.
        remember_bias: initial value of `bias[1]`; 2 makes g about 0.88.

    Cost: four floating-point operations per slot and cell, two exponentials per cell.

    Raises:
        ValueError: an argument is out of range.

    Reference: unixpickle, gridnet (2024), github.com/unixpickle/gridnet.
    """

    activation: ActivationName = "silu"
    init_scale: float = 1.0
    remember_bias: float = 2.0

    def __post_init__(self) -> None:
        check_activation(self.activation)
        _check_finite("init_scale", self.init_scale)
        _check_finite("remember_bias", self.remember_bias)

    @property
    def param_names(self) -> tuple[str, ...]:
        """Names of the parameters."""
        return ("weight", "bias")

    def init(self, key: Array, lattice: AbstractLattice) -> LatticeParams:
        """Draw parameters, float32."""
        plane = jnp.zeros(lattice.shape, jnp.float32)
        return {
            "weight": _draw(key, (2,), lattice, self.init_scale),
            "bias": jnp.stack([plane, plane + self.remember_bias]),
        }

    def update(
        self,
        params: LatticeParams,
        state: Float[Array, "*cells"],
        seen: Float[Array, "slot *cells"],
    ) -> Float[Array, "*cells"]:
        """`g u + (1 - g) c`."""
        drive = params["bias"] + jnp.sum(params["weight"] * seen[:, None], axis=0)
        candidate = ACTIVATIONS[self.activation](drive[0])
        gate = jax.nn.sigmoid(drive[1])
        return gate * state + (1 - gate) * candidate


def _draw(key: Array, extra: tuple[int, ...], lattice: AbstractLattice, scale: float) -> Array:
    """Weights from N(0, 1) times `scale / sqrt(slots)`."""
    shape = (lattice.num_slots, *extra, *lattice.shape)
    return jax.random.normal(key, shape, jnp.float32) * (scale / math.sqrt(lattice.num_slots))


def _check_finite(name: str, value: float) -> None:
    require(math.isfinite(value), f"{name} is {value}, expected a finite number")
