"""When cells are updated, and from which copy of their neighbours: the schedule axis."""

import abc
from collections.abc import Callable
from typing import NamedTuple

from jaxtyping import Array, Float, Int

from latticework.core.cell import AbstractCell, CellParams, Partials
from latticework.core.topology import Wiring


class Step(NamedTuple):
    """One time step of a whole lattice.

    Args:
        inputs: `[cell, slot]`, what entered every slot.
        state: `[cell]`, the new states.
        output: `[cell]`, the new outputs.
    """

    inputs: Array
    state: Array
    output: Array


Read = Callable[[Float[Array, " some"], Int[Array, " some"]], Float[Array, " some"]]
"""How a cell reads the message that reached it: (raw messages, their cells) -> read messages."""


class Messages(NamedTuple):
    """The within-step spatial adjoint `dL/dy` of every cell.

    Args:
        raw: `[cell]`, as accumulated from the successors.
        read: `[cell]`, as read by the cell, which is also what it passes on.
    """

    raw: Array
    read: Array


class AbstractSchedule(abc.ABC):
    """An order of updates within one step, for one example."""

    @property
    @abc.abstractmethod
    def is_within_step(self) -> bool:
        """Whether a cell sees its predecessors' outputs of the same step."""

    @abc.abstractmethod
    def step(
        self,
        cell: AbstractCell,
        wiring: Wiring,
        params: CellParams,
        state: Float[Array, " cell"],
        channels: Float[Array, " channel"],
    ) -> Step:
        """Update every cell once."""

    @abc.abstractmethod
    def messages(
        self, wiring: Wiring, partials: Partials, direct: Float[Array, " cell"], read: Read
    ) -> Messages:
        """The exact adjoint of one step by the outputs, all earlier states held fixed.

        `direct` is the loss gradient that reaches each output from outside the lattice.
        """
