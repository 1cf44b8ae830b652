"""The fixed sparse random projection between channels of the data and channels of the network."""

import math
from dataclasses import dataclass
from functools import lru_cache

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array

from latticework.core.checks import require
from latticework.core.seeds import check_seed, key_of, own_draws
from latticework.tasks import arguments

DENSITY = 0.1
"""Share of entries of the projection that are not zero."""

MAX_CHANNELS = 4096
"""Most channels on either side."""


@dataclass(frozen=True)
class SparseProjection:
    """`x -> W x` with a fixed random `W`, never learned.

    `W[n, m] = N(0, 1) / sqrt(max(0.1 M, 1)) * Bernoulli(0.1)`, drawn in float32 whatever the
    precision: the fifth and sixth of six keys split from the seed's, which is where a published
    grid of that seed draws its input matrix and its mask.

    Args:
        num_out: channels of the network, N.
        num_in: channels of the data, M.
        seed: of the draw.

    Raises:
        ValueError: an argument is out of range.

    Reference: grid-neurons, commit b7c349d, initialisation of the input matrix.
    """

    num_out: int
    num_in: int
    seed: int = 0

    def __post_init__(self) -> None:
        arguments.whole("num_out", self.num_out, 1, MAX_CHANNELS)
        arguments.whole("num_in", self.num_in, 1, MAX_CHANNELS)
        check_seed("seed", self.seed)

    def matrix(self) -> np.ndarray:
        """`W`, float32 `[num_out, num_in]`, read-only.

        Raises:
            ValueError: the draw left no entry at all, so that nothing of the data would pass.
        """
        return _draw(self.num_out, self.num_in, self.seed)

    def __call__(self, inputs: Array) -> Array:
        """Float32 `[..., num_in]` to float32 `[..., num_out]`; pure, jittable."""
        return jnp.einsum(
            "...m,nm->...n", inputs, jnp.asarray(self.matrix()), precision=jax.lax.Precision.HIGHEST
        )


@lru_cache(maxsize=16)
def _draw(num_out: int, num_in: int, seed: int) -> np.ndarray:
    """The matrix of `SparseProjection`; concrete also when called while tracing."""
    shape = (num_out, num_in)
    with jax.ensure_compile_time_eval(), own_draws():
        keys = jax.random.split(key_of(seed), 6)
        normal = np.asarray(jax.random.normal(keys[4], shape, jnp.float32))
        # the threshold's type decides the type of the uniform draw, hence its bits
        mask = np.asarray(jax.random.bernoulli(keys[5], jnp.float32(DENSITY), shape))
    matrix = normal / np.float32(math.sqrt(max(DENSITY * num_in, 1.0))) * mask.astype(np.float32)
    require(
        bool(mask.any()),
        f"the projection from {num_in} to {num_out} channels drawn with seed {seed} is all zero; "
        "choose another projection seed or more channels",
    )
    matrix.setflags(write=False)
    return matrix
