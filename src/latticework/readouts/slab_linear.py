"""The last slabs of a lattice, normalised and mapped linearly to the outputs."""

import math
from dataclasses import dataclass

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float

from latticework.core.checks import require
from latticework.core.lattice import AbstractLattice, layer_norm

SlabParams = dict[str, dict[str, Array]]


@dataclass(frozen=True)
class SlabLinear:
    """`proj.weight LN(slab) + proj.bias`, slab = the last `layers` indices of the last axis.

    The slab is flattened in row-major order. Parameters: `norm.weight`, `norm.bias` `[size]`,
    `proj.weight` `[output, size]`, `proj.bias` `[output]`.

    Args:
        layers: how many indices of the last axis are read.
        eps: of the normalisation, inside the root.

    Raises:
        ValueError: an argument is out of range, or (from `check`) does not fit the lattice.

    Reference: unixpickle, gridnet (2024), github.com/unixpickle/gridnet.
    """

    layers: int = 1
    eps: float = 1e-5

    def __post_init__(self) -> None:
        require(self.layers >= 1, f"layers is {self.layers}, expected 1 or more")
        require(
            math.isfinite(self.eps) and self.eps >= 0,
            f"eps is {self.eps}, expected a number from 0 up",
        )

    def check(self, lattice: AbstractLattice) -> None:
        """Raise ValueError unless the lattice is deep enough."""
        require(
            self.layers <= lattice.shape[-1],
            f"the readout takes the last {self.layers} layers of a lattice of {lattice.shape}, "
            f"which has {lattice.shape[-1]}; read fewer",
        )

    def size(self, lattice: AbstractLattice) -> int:
        """Cells that are read."""
        return math.prod(lattice.shape[:-1]) * self.layers

    def init(self, key: Array, lattice: AbstractLattice, num_outputs: int) -> SlabParams:
        """Projection uniform in `+-1/sqrt(size)`, normalisation at identity; float32."""
        size = self.size(lattice)
        limit = 1 / math.sqrt(size)
        weight_key, bias_key = jax.random.split(key)

        def draw(key: Array, *shape: int) -> Array:
            return jax.random.uniform(key, shape, jnp.float32, -limit, limit)

        return {
            "norm": {
                "weight": jnp.ones(size, jnp.float32),
                "bias": jnp.zeros(size, jnp.float32),
            },
            "proj": {
                "weight": draw(weight_key, num_outputs, size),
                "bias": draw(bias_key, num_outputs),
            },
        }

    def read(self, params: SlabParams, state: Float[Array, "*cells"]) -> Float[Array, " output"]:
        """The outputs of one example."""
        slab = state[..., -self.layers :].reshape(-1)
        seen = layer_norm(slab, params["norm"]["weight"], params["norm"]["bias"], self.eps)
        return params["proj"]["weight"] @ seen + params["proj"]["bias"]
