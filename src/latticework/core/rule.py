"""How parameters change: the rule axis."""

import abc
from collections.abc import Callable
from typing import Any, NamedTuple

from jaxtyping import Array, Float, Int

from latticework.core.cell import CellParams
from latticework.core.loss import LossMode
from latticework.core.network import Network


class RuleResult(NamedTuple):
    """What a rule says of one example.

    Args:
        direction: congruent with the parameters, summed over time; `dL/dtheta` when the rule is
            exact.
        loss: scalar, in nats.
        readouts: `[time, class]`.
    """

    direction: CellParams
    loss: Array
    readouts: Array


class AbstractRule(abc.ABC):
    """A learning rule. Instances are frozen dataclasses and never look at a topology's name."""

    @property
    @abc.abstractmethod
    def requires(self) -> str:
        """What the rule needs of a network, in one sentence."""

    @abc.abstractmethod
    def check(self, network: Network) -> None:
        """Raise ValueError when the rule cannot be used on `network`, saying why."""

    @abc.abstractmethod
    def exact_when(self, network: Network) -> bool:
        """Whether the direction equals the true gradient on `network`, for any parameters."""

    @abc.abstractmethod
    def memory(self, network: Network, num_steps: int) -> float:
        """Scalars that learning keeps per cell, beside parameters, state and output."""

    @abc.abstractmethod
    def gradient(
        self,
        network: Network,
        params: CellParams,
        inputs: Float[Array, "time channel"],
        target: Int[Array, ""],
        *,
        loss_mode: LossMode,
        key: Array | None = None,
    ) -> RuleResult:
        """The direction for one example.

        `key` draws the noise of the learning path; a rule without noise ignores it.
        """


ReadoutGradient = Callable[[Float[Array, " class"]], Float[Array, " class"]]
"""From one step's readout to `dL/dr` of that step."""


class OnlineStep(NamedTuple):
    """One step of a rule that learns as it goes: its memory, the readout and the direction."""

    memory: Any
    readout: Array
    direction: CellParams


class AbstractOnlineRule(AbstractRule):
    """A rule that can learn from an endless stream with constant memory."""

    @abc.abstractmethod
    def init_memory(self, network: Network, params: CellParams) -> Any:
        """What is kept between steps (states and traces), at zero."""

    @abc.abstractmethod
    def step(
        self,
        network: Network,
        params: CellParams,
        memory: Any,
        channels: Float[Array, " channel"],
        readout_gradient: ReadoutGradient,
        key: Array | None = None,
    ) -> OnlineStep:
        """Advance the network by one step and say how to change the parameters for it."""
