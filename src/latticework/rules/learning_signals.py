"""How a cell learns of the error: by messages through the lattice, or by broadcast."""

import abc
from dataclasses import dataclass

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from latticework.core.cell import Partials
from latticework.core.checks import require
from latticework.core.network import Network
from latticework.core.registry import Registry
from latticework.core.schedule import Messages
from latticework.core.seeds import check_seed
from latticework.rules.non_idealities import NonIdealities, root_mean_square


class AbstractLearningSignal(abc.ABC):
    """A source of `dL/dy` for every cell and step, exact or made up."""

    @property
    @abc.abstractmethod
    def is_exact(self) -> bool:
        """Whether the signal is the true within-step gradient by every output, on any network."""

    @abc.abstractmethod
    def exact_when(self, network: Network) -> bool:
        """Whether the signal is the true one on `network`, for any parameters."""

    @abc.abstractmethod
    def compute(
        self,
        network: Network,
        partials: Partials,
        readout_gradient: Float[Array, " class"],
        non_idealities: NonIdealities,
        key: Array | None,
    ) -> Messages:
        """The signal of one step, raw and as each cell reads it for itself."""


@dataclass(frozen=True)
class Message(AbstractLearningSignal):
    """The exact within-step spatial adjoint, passed from successor to predecessor.

    What a cell reads is what it passes on, so gains and noise compound hop by hop.
    """

    @property
    def is_exact(self) -> bool:
        """True: the message is the gradient by the output, within the step."""
        return True

    def exact_when(self, network: Network) -> bool:
        """Always."""
        return True

    def compute(
        self,
        network: Network,
        partials: Partials,
        readout_gradient: Float[Array, " class"],
        non_idealities: NonIdealities,
        key: Array | None,
    ) -> Messages:
        """Messages `m_k = g_k + sum_d m_d dy_d/dy_k`, in reverse order."""
        noise = reading_noise(network.wiring.num_cells, readout_gradient.dtype, non_idealities, key)
        noise = jnp.append(noise, 0)
        scale = root_mean_square(readout_gradient)
        return network.schedule.messages(
            network.wiring,
            partials,
            network.readout.spread(network.wiring, readout_gradient),
            lambda raw, cells: non_idealities.read(raw, scale, noise[cells]),
        )


@dataclass(frozen=True)
class Broadcast(AbstractLearningSignal):
    """Fixed random feedback from the readout error straight to every cell; no message passing.

    Readout cells get their own true error; cell k elsewhere gets `sum_c B_kc g_c` with
    `B ~ scale * N(0, 1) / sqrt(classes)`, drawn once from `seed`.

    Args:
        scale: factor on the feedback.
        seed: draws the feedback.

    Reference: direct feedback alignment, Nøkland 2016, arXiv:1609.01596; e-prop's broadcast
    signals, Bellec et al. 2020, doi:10.1038/s41467-020-17236-y.
    """

    scale: float = 1.0
    seed: int = 0

    def __post_init__(self) -> None:
        require(self.scale > 0, f"broadcast scale is {self.scale}, expected a positive number")
        check_seed("seed", self.seed)

    @property
    def is_exact(self) -> bool:
        """False."""
        return False

    def exact_when(self, network: Network) -> bool:
        """When no cell feeds another and every cell is read: then there is nothing to pass."""
        wiring = network.wiring
        return wiring.max_depth == 0 and len(np.unique(wiring.readout_ports)) == wiring.num_cells

    def feedback(self, network: Network) -> np.ndarray:
        """`[cell, class]`: the fixed feedback, float64."""
        wiring = network.wiring
        rng = np.random.default_rng(self.seed)
        matrix = self.scale * rng.standard_normal((wiring.num_cells, wiring.num_classes))
        matrix /= np.sqrt(wiring.num_classes)
        matrix[wiring.readout_ports.ravel()] = 0
        return matrix

    def compute(
        self,
        network: Network,
        partials: Partials,
        readout_gradient: Float[Array, " class"],
        non_idealities: NonIdealities,
        key: Array | None,
    ) -> Messages:
        """The same feedback whatever the lattice did in between."""
        dtype = readout_gradient.dtype
        raw = network.readout.spread(network.wiring, readout_gradient)
        raw = raw + jnp.asarray(self.feedback(network), dtype) @ readout_gradient
        noise = reading_noise(network.wiring.num_cells, dtype, non_idealities, key)
        scale = root_mean_square(readout_gradient)
        return Messages(raw, non_idealities.read(raw, scale, noise))


SIGNALS: Registry[AbstractLearningSignal] = Registry(
    "learning signal", {"message": Message, "broadcast": Broadcast}
)


def reading_noise(
    count: int, dtype: jnp.dtype, non_idealities: NonIdealities, key: Array | None
) -> Float[Array, " count"]:
    """Standard normal noise for `count` readings, or zeros when messages are read exactly."""
    if not non_idealities.message_noise:
        return jnp.zeros(count, dtype)
    if key is None:
        raise ValueError("message noise needs a random key; pass key=jax.random.key(seed)")
    return jax.random.normal(key, (count,), dtype)
