"""The wavefront: a cell sees its predecessors' outputs of the same step."""

from dataclasses import dataclass

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from latticework.core.cell import AbstractCell, CellParams, Partials
from latticework.core.schedule import AbstractSchedule, Messages, Read, Step
from latticework.core.topology import Wiring


@dataclass(frozen=True)
class Wavefront(AbstractSchedule):
    """One feed-forward sweep per step, depth by depth; the only memory is in the cells.

    Cells of equal depth do not see each other and are updated together, so a step takes
    `max_depth + 1` vector operations. Any topological order gives the same result.
    """

    @property
    def is_within_step(self) -> bool:
        """True."""
        return True

    def step(
        self,
        cell: AbstractCell,
        wiring: Wiring,
        params: CellParams,
        state: Float[Array, " cell"],
        channels: Float[Array, " channel"],
    ) -> Step:
        """Update every cell once, inputs before their users."""
        outside = jnp.concatenate([channels, jnp.zeros(1, channels.dtype)])
        source = np.concatenate([wiring.source, np.full((1, wiring.num_slots), -1)])

        def level(carry: Step, members: Array) -> tuple[Step, None]:
            some = {name: value[members] for name, value in params.items()}
            visible = jnp.concatenate([carry.output[:-1], outside])
            inputs = visible[jnp.asarray(source)[members]]
            new_state = cell.update(some, carry.state[members], inputs)
            return Step(
                carry.inputs.at[members].set(inputs),
                carry.state.at[members].set(new_state),
                carry.output.at[members].set(cell.output(some, new_state)),
            ), None

        # Entry `num_cells` is a dummy for the padding of the level table.
        start = Step(
            jnp.zeros((wiring.num_cells + 1, wiring.num_slots), state.dtype),
            jnp.append(state, 0),
            jnp.zeros(wiring.num_cells + 1, state.dtype),
        )
        end, _ = jax.lax.scan(level, start, jnp.asarray(wiring.levels))
        return Step(*(value[:-1] for value in end))

    def messages(
        self, wiring: Wiring, partials: Partials, direct: Float[Array, " cell"], read: Read
    ) -> Messages:
        """`m_k = read(direct_k + sum_d m_d F_d ds_d/dy_k)`, successors d before k."""
        succ, slot = wiring.succ
        fill = np.full((1, succ.shape[1]), -1)
        succ = np.concatenate([succ, fill])
        slot = np.concatenate([slot, np.zeros_like(fill)])
        # The last row, index -1, is nothing: its gain is zero.
        gain = partials.output_by_state[:, None] * partials.state_by_input
        gain = jnp.concatenate([gain, jnp.zeros((1, wiring.num_slots), gain.dtype)])
        direct = jnp.append(direct, 0)

        def level(carry: Messages, members: Array) -> tuple[Messages, None]:
            to, at = jnp.asarray(succ)[members], jnp.asarray(slot)[members]
            raw = direct[members] + jnp.sum(carry.read[to] * gain[to, at], axis=1)
            return Messages(
                carry.raw.at[members].set(raw),
                carry.read.at[members].set(read(raw, members)),
            ), None

        zeros = jnp.zeros(wiring.num_cells + 1, direct.dtype)
        end, _ = jax.lax.scan(
            level, Messages(zeros, zeros), jnp.asarray(wiring.levels), reverse=True
        )
        return Messages(end.raw[:-1], end.read[:-1])
