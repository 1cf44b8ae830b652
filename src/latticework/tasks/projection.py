"""A fixed sparse random projection, for data with another number of channels than the lattice."""

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float

DENSITY = 0.1
"""Share of the entries that are not zero."""

_NUM_KEYS, _ENCODER, _MASK = 6, 4, 5


def sparse_projection(
    num_channels: int, num_inputs: int, seed: int
) -> Float[Array, "channel input"]:
    """`N(0, 1) / sqrt(max(0.1 inputs, 1))`, each entry kept with probability 0.1; never learned.

    Drawn from the fifth and sixth of six keys, as the published program does.

    Source: grid-neurons, the encoder for a number of inputs other than the number of rows.
    """
    keys = jax.random.split(jax.random.key(seed), _NUM_KEYS)
    shape = (num_channels, num_inputs)
    normal = jax.random.normal(keys[_ENCODER], shape, jnp.float32)
    kept = jax.random.uniform(keys[_MASK], shape, jnp.float32) < DENSITY
    scale = max(DENSITY * num_inputs, 1.0) ** -0.5
    return jnp.where(kept, normal * jnp.float32(scale), 0)
