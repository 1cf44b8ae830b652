"""A fixed code word for every class: each cell counts for half of the classes, against the rest."""

from dataclasses import dataclass

import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from latticework.core.checks import require
from latticework.core.readout import AbstractCountedReadout
from latticework.core.seeds import check_seed
from latticework.core.topology import Wiring, kept_by_wiring


@dataclass(frozen=True)
class OutputCode(AbstractCountedReadout):
    """`r_c(t) = gain * sum_k code[c, k] y_k(t)`, code[c, k] = +1 or -1, drawn and never learned.

    Read are the ports, and every cell that feeds no other. Each counts for half of the classes and
    against the other half (one more for than against where they are odd), which half being drawn:
    a class is known by the signs of all cells, its code word.

    Args:
        gain: fixed factor, not learned.
        seed: draws the code.

    Reference: T. G. Dietterich, G. Bakiri, JAIR 2, 1995 (error-correcting output codes), with a
    fixed linear read-out in place of the nearest word.
    """

    gain: float = 0.2
    seed: int = 0

    def __post_init__(self) -> None:
        check_seed("seed", self.seed)
        require(self.gain > 0, f"readout gain is {self.gain}, expected a positive number")

    def counts(self, wiring: Wiring) -> np.ndarray:
        """The code, 0 for cells that are not read."""
        return _draw(wiring, self.seed)

    def read(self, wiring: Wiring, outputs: Float[Array, "cell ..."]) -> Float[Array, "class ..."]:
        """The readout of one step."""
        code = jnp.asarray(self.counts(wiring), outputs.dtype)
        return self.gain * jnp.tensordot(code, outputs, axes=1)

    def spread(
        self, wiring: Wiring, gradient: Float[Array, "class ..."]
    ) -> Float[Array, "cell ..."]:
        """A gradient by the readout as a gradient by the outputs."""
        code = jnp.asarray(self.counts(wiring), gradient.dtype)
        return self.gain * jnp.tensordot(code.T, gradient, axes=1)


@kept_by_wiring
def _draw(wiring: Wiring, seed: int) -> np.ndarray:
    """The code, int64 `[class, cell]`, read-only."""
    rng = np.random.default_rng(seed)
    is_read = np.ones(wiring.num_cells, dtype=bool)
    is_read[wiring.edges[:, 0]] = False
    is_read[wiring.readout_ports] = True
    half = np.where(np.arange(wiring.num_classes) % 2 == 0, 1, -1)
    code = np.zeros((wiring.num_classes, wiring.num_cells), np.int64)
    for cell in np.flatnonzero(is_read):
        code[:, cell] = rng.permutation(half)
    code.setflags(write=False)
    return code
