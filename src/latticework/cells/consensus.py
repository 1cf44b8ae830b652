"""How columns attend to each other: neighbours weighted for the nets, and consensus in a level."""

import abc
from dataclasses import dataclass

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from latticework.core.checks import require
from latticework.core.registry import Registry


@dataclass(frozen=True)
class AbstractAttention(abc.ABC):
    """How the neighbours that the nets read are weighted."""

    @property
    @abc.abstractmethod
    def is_used(self) -> bool:
        """Whether it changes anything."""

    @abc.abstractmethod
    def attend(
        self, blocks: Float[Array, "block level channel ..."], state: Array
    ) -> Float[Array, "block level channel ..."]:
        """The neighbours, weighted."""


@dataclass(frozen=True)
class NoAttention(AbstractAttention):
    """The nets read their neighbours as they are, as in the published program."""

    @property
    def is_used(self) -> bool:
        """False."""
        return False

    def attend(
        self, blocks: Float[Array, "block level channel ..."], state: Array
    ) -> Float[Array, "block level channel ..."]:
        """The neighbours as they are."""
        del state
        return blocks


@dataclass(frozen=True)
class LambdaAttention(AbstractAttention):
    """Neighbours weighted by agreement at their level and, discounted, at the levels above.

        a_kl = <n_kl, c_l>,   e_kq = sum_{p >= q} epsilon^(p - q + 1) a_kp,   n_kq <- e_kq n_kq

    c is the vector of a site, n_k that of its neighbour in block k; e is held constant in the
    gradient, as published. There it was computed and thrown away; used, it replaces the
    neighbours that the nets read. There is no softmax, so it grows with the cube of the state.

    Args:
        epsilon: discount per level, lambda of the notebook.
        gain: factor on the numbers e; 1 as written.

    Reference: RedRyan111, github.com/RedRyan111/GLOM (2021), after Y. Kilcher.
    """

    epsilon: float = 0.7
    gain: float = 1.0

    @property
    def is_used(self) -> bool:
        """True."""
        return True

    def discounts(self, num_levels: int) -> np.ndarray:
        """`[p, q]`: epsilon^(p - q + 1) at and below the diagonal, 0 above."""
        p, q = np.indices((num_levels, num_levels))
        return np.where(p >= q, self.epsilon ** (p - q + 1.0), 0.0)

    def agreement(
        self, blocks: Float[Array, "block level channel ..."], state: Array
    ) -> Float[Array, "block level ..."]:
        """The dot products a."""
        return jnp.sum(blocks * state[None], axis=2)

    def numbers(self, agreement: Float[Array, "block level ..."]) -> Array:
        """The numbers e, gain 1."""
        table = jnp.asarray(self.discounts(agreement.shape[1]), agreement.dtype)
        return jnp.moveaxis(jnp.tensordot(table, agreement, axes=([0], [1])), 0, 1)

    def attend(
        self, blocks: Float[Array, "block level channel ..."], state: Array
    ) -> Float[Array, "block level channel ..."]:
        """The neighbours, weighted."""
        numbers = jax.lax.stop_gradient(self.numbers(self.agreement(blocks, state)))
        return jnp.asarray(self.gain, state.dtype) * numbers[:, :, None] * blocks


@dataclass(frozen=True)
class AbstractConsensus(abc.ABC):
    """What the columns of a level agree on."""

    @property
    @abc.abstractmethod
    def is_used(self) -> bool:
        """Whether there is one."""

    @property
    @abc.abstractmethod
    def pull(self) -> float:
        """How fast the state moves there, under the update "sum"."""

    @abc.abstractmethod
    def __call__(
        self, state: Float[Array, "level channel batch row col"], distance_squared: np.ndarray
    ) -> Float[Array, "level channel batch row col"]:
        """The consensus of every site and level."""


@dataclass(frozen=True)
class NoConsensus(AbstractConsensus):
    """Columns do not look for agreement, as in the published program."""

    @property
    def is_used(self) -> bool:
        """False."""
        return False

    @property
    def pull(self) -> float:
        """0."""
        return 0.0

    def __call__(
        self, state: Float[Array, "level channel batch row col"], distance_squared: np.ndarray
    ) -> Float[Array, "level channel batch row col"]:
        """The state itself."""
        del distance_squared
        return state


@dataclass(frozen=True)
class Consensus(AbstractConsensus):
    """Within a level, the mean of all columns in reach, weighted by agreement.

        c_x = sum_z w_xz s_z,   w_xz = exp(beta <s_x, s_z>) / sum_z' exp(beta <s_x, s_z'>)

    over the columns z at most `radius` away from x, x included. Under the update "sum" the state
    moves by `rate (c - s)`; under "average" c is one of the terms of the mean.

    Args:
        beta: inverse temperature.
        radius: reach at the lowest level that has a consensus, in sites.
        radius_growth: what each level above adds to the reach.
        rate: how fast the state moves there, under the update "sum".

    Cost: a matrix [site, site] per image and level.

    Reference: G. Hinton, arXiv:2102.12627.
    """

    beta: float = 1.0
    radius: float = 1.5
    radius_growth: float = 1.0
    rate: float = 0.1

    def __post_init__(self) -> None:
        require(self.radius >= 0, f"radius is {self.radius}, expected 0 or more sites")

    @property
    def is_used(self) -> bool:
        """True."""
        return True

    @property
    def pull(self) -> float:
        """`rate`."""
        return self.rate

    def reach(self, num_levels: int, distance_squared: np.ndarray) -> np.ndarray:
        """`[level, site, site]`: whether a column is in reach; the lowest entry is level 1."""
        radii = self.radius + self.radius_growth * np.arange(num_levels)
        return distance_squared[None] <= np.square(radii)[:, None, None]

    def weights(
        self, state: Float[Array, "level channel ... site"], reach: np.ndarray
    ) -> Float[Array, "level ... site site"]:
        """The weights w, rows summing to 1."""
        scores = jnp.asarray(self.beta, state.dtype) * jnp.einsum("ldbx,ldbz->lbxz", state, state)
        low = jnp.asarray(-jnp.inf, state.dtype)
        return jax.nn.softmax(jnp.where(jnp.asarray(reach)[:, None], scores, low), axis=-1)

    def __call__(
        self, state: Float[Array, "level channel batch row col"], distance_squared: np.ndarray
    ) -> Float[Array, "level channel batch row col"]:
        """The consensus c of every site and level."""
        flat = state.reshape(*state.shape[:3], -1)
        weights = self.weights(flat, self.reach(state.shape[0], distance_squared))
        return jnp.einsum("lbxz,ldbz->ldbx", weights, flat).reshape(state.shape)


ATTENTIONS: Registry[AbstractAttention] = Registry(
    "attention", {"none": NoAttention, "lambda": LambdaAttention}
)
CONSENSUSES: Registry[AbstractConsensus] = Registry(
    "consensus", {"none": NoConsensus, "softmax": Consensus}
)
