"""How a connection between spiking populations learns: once per wave, from what was on how long."""

import abc

from jaxtyping import Array, Float, Int


class AbstractPlasticity(abc.ABC):
    """A local rule. Instances are frozen dataclasses and never look at the wiring."""

    w_max: float

    @abc.abstractmethod
    def check_weights(self, weights: Array, what: str) -> None:
        """Raise ValueError unless the rule can go on from these weights; `what` names them."""

    @abc.abstractmethod
    def step(
        self,
        weights: Float[Array, "source target"],
        sources: Int[Array, " source"],
        targets: Int[Array, " target"],
        draws: Float[Array, "source target"],
        lag: int = 0,
    ) -> Float[Array, "source target"]:
        """The weights after one wave.

        Args:
            weights: before it.
            sources: steps that each source was on.
            targets: steps that each target was on.
            draws: uniform in 0..1, one per weight.
            lag: steps that a source must have been on longer than its target to count as a cause.
        """
