"""Code paths of the nets of GLOM, and the choice among them."""

from dataclasses import dataclass
from typing import Any, ClassVar

import jax
from jaxtyping import Array, Float

from latticework.cells.consensus import AbstractAttention
from latticework.cells.level_nets import LevelNets, NetParams
from latticework.kernels.choosing import AUTO, choose
from latticework.kernels.glom_base import AbstractDelta
from latticework.kernels.glom_native import NativeDelta
from latticework.topologies import torus


@dataclass(frozen=True)
class XlaDelta(AbstractDelta):
    """The definition, compiled by XLA: one product per level, the other layers side by side."""

    name: ClassVar[str] = "xla"

    @classmethod
    def refusal(cls, nets: LevelNets, attention: AbstractAttention) -> str | None:
        """Nothing is refused."""
        return None

    def __call__(
        self,
        params: NetParams,
        state: Float[Array, "level channel batch row col"],
        seed: Array | None,
    ) -> Float[Array, "level channel batch row col"]:
        """What the nets add."""

        def delta(params: NetParams, state: Array) -> Array:
            if not self.attention.is_used:
                inputs = torus.neighbourhood(state)
            else:
                inputs = torus.join_blocks(self.attention.attend(torus.neighbours(state), state))
            return self.nets.contributions(self.nets.activity(params, inputs, seed).value)

        return jax.checkpoint(delta)(params, state)


DELTAS: dict[str, type[Any]] = {path.name: path for path in (NativeDelta, XlaDelta)}
"""Code paths by name, the fastest first."""


def delta_kernel(
    nets: LevelNets, attention: AbstractAttention, requested: str = AUTO
) -> AbstractDelta:
    """The code path named `requested`, or the fastest that applies.

    Raises:
        ValueError: there is no such path, or it does not apply; a request never falls back.
    """
    path = choose(DELTAS, requested, lambda path: path.refusal(nets, attention))
    return path(nets, attention)
