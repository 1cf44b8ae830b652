"""A network: cell x topology x schedule x readout."""

from dataclasses import dataclass
from typing import NamedTuple

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float

from latticework.core.cell import AbstractCell, CellParams
from latticework.core.readout import AbstractReadout
from latticework.core.schedule import AbstractSchedule
from latticework.core.topology import AbstractTopology, Wiring


class Activity(NamedTuple):
    """What a network did over one sequence; time comes first.

    Args:
        inputs: `[time, cell, slot]`.
        states: `[time, cell]`, after each step.
        outputs: `[time, cell]`.
        readouts: `[time, class]`.
    """

    inputs: Array
    states: Array
    outputs: Array
    readouts: Array


@dataclass(frozen=True)
class Network:
    """A network without its parameters: four choices, hashable, safe to close over in `jit`."""

    cell: AbstractCell
    topology: AbstractTopology
    schedule: AbstractSchedule
    readout: AbstractReadout

    @property
    def wiring(self) -> Wiring:
        """The integer tables of the topology."""
        return self.topology.wiring

    @property
    def num_parameters(self) -> int:
        """Learnable scalars."""
        return self.cell.num_parameters(self.wiring)

    def init(self, key: Array) -> CellParams:
        """Draw parameters."""
        return self.cell.init(key, self.wiring)

    def forward(self, params: CellParams, inputs: Float[Array, "time channel"]) -> Activity:
        """Run one sequence from the zero state.

        Raises:
            ValueError: when the sequence does not have the topology's number of channels.
        """
        self.check_inputs(inputs.shape)

        def step(state: Array, channels: Array):
            now = self.schedule.step(self.cell, self.wiring, params, state, channels)
            readout = self.readout.read(self.wiring, now.output)
            return now.state, Activity(now.inputs, now.state, now.output, readout)

        return jax.lax.scan(step, self.zero_state(params), inputs)[1]

    def zero_state(self, params: CellParams) -> Float[Array, " cell"]:
        """The state before the first step, in the parameters' precision."""
        return jnp.zeros(self.wiring.num_cells, jnp.result_type(*params.values()))

    def check_inputs(self, shape: tuple[int, ...]) -> None:
        """Raise ValueError unless the last axis of `shape` is the topology's channels."""
        expected = self.wiring.num_channels
        if len(shape) < 2 or shape[-1] != expected:
            raise ValueError(
                f"inputs have shape {tuple(shape)}, but {type(self.topology).__name__} takes "
                f"[..., time, {expected}] ({expected} channels); change the topology, or set the "
                f"task's number of channels to {expected}"
            )
