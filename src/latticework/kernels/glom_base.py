"""What a code path of the nets of GLOM is: from a state to what all nets add to it."""

import abc
from dataclasses import dataclass
from typing import ClassVar

from jaxtyping import Array, Float

from latticework.cells.consensus import AbstractAttention
from latticework.cells.level_nets import LevelNets, NetParams


@dataclass(frozen=True)
class AbstractDelta(abc.ABC):
    """`(params, state, seed)` to `[level, channel, batch, row, col]`, what the nets add.

    For the gradient nothing but the state is kept: the nets are computed again.

    Args:
        nets: the nets.
        attention: what weights the neighbours.
    """

    name: ClassVar[str]
    is_one_call: ClassVar[bool] = False
    """Whether it compiles to a single call, so that it may be written out once per step."""

    nets: LevelNets
    attention: AbstractAttention

    @classmethod
    @abc.abstractmethod
    def refusal(cls, nets: LevelNets, attention: AbstractAttention) -> str | None:
        """Why this path cannot be taken, in one sentence; None when it can."""

    @abc.abstractmethod
    def __call__(
        self,
        params: NetParams,
        state: Float[Array, "level channel batch row col"],
        seed: Array | None,
    ) -> Float[Array, "level channel batch row col"]:
        """What the nets add; `seed` draws the dropout, None for none."""
