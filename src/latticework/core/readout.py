"""What is read where: the readout axis."""

import abc

import numpy as np
from jaxtyping import Array, Float

from latticework.core.topology import Wiring


class AbstractReadout(abc.ABC):
    """A linear map from cell outputs to one value per class and step, without parameters.

    Layout: axis 0 is the cell or the class, trailing axes pass through.
    """

    @abc.abstractmethod
    def read(self, wiring: Wiring, outputs: Float[Array, "cell ..."]) -> Float[Array, "class ..."]:
        """The readout of one step."""

    @abc.abstractmethod
    def spread(
        self, wiring: Wiring, gradient: Float[Array, "class ..."]
    ) -> Float[Array, "cell ..."]:
        """The transpose of `read`: a gradient by the readout as a gradient by the outputs."""


class AbstractCountedReadout(AbstractReadout):
    """`r_c(t) = gain * sum_k counts[c, k] y_k(t)`: whole numbers, and one factor for all.

    The readouts that the compiled kernels know.
    """

    gain: float

    @abc.abstractmethod
    def counts(self, wiring: Wiring) -> np.ndarray:
        """Int64 `[class, cell]`: how often a class counts a cell, negative where against itself."""
