"""The published readout: the outputs of the port cells, with no learned weight."""

from dataclasses import dataclass

import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from latticework.core.checks import require
from latticework.core.readout import AbstractCountedReadout
from latticework.core.topology import Wiring


@dataclass(frozen=True)
class PortSum(AbstractCountedReadout):
    """`r_c(t) = gain * sum of y over the port cells of class c`.

    The score of a class is the sum of `r_c` over time; the prediction is the first maximum.

    Args:
        gain: fixed factor, not learned; 1 as published.
    """

    gain: float = 1.0

    def __post_init__(self) -> None:
        require(self.gain > 0, f"readout gain is {self.gain}, expected a positive number")

    def counts(self, wiring: Wiring) -> np.ndarray:
        """How often each class counts each cell."""
        counts = np.zeros((wiring.num_classes, wiring.num_cells), np.int64)
        np.add.at(counts, (np.arange(wiring.num_classes)[:, None], wiring.readout_ports), 1)
        return counts

    def read(self, wiring: Wiring, outputs: Float[Array, "cell ..."]) -> Float[Array, "class ..."]:
        """The readout of one step."""
        return self.gain * outputs[wiring.readout_ports].sum(axis=1)

    def spread(
        self, wiring: Wiring, gradient: Float[Array, "class ..."]
    ) -> Float[Array, "cell ..."]:
        """A gradient by the readout as a gradient by the outputs."""
        members = jnp.broadcast_to(
            jnp.expand_dims(gradient, 1), (*wiring.readout_ports.shape, *gradient.shape[1:])
        )
        zeros = jnp.zeros((wiring.num_cells, *gradient.shape[1:]), gradient.dtype)
        return zeros.at[wiring.readout_ports].add(self.gain * members)
