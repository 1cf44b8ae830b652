"""What a kernel for waves computes: a wiring of columns under a schedule."""

import abc
from dataclasses import dataclass
from functools import cached_property
from typing import ClassVar, NamedTuple

import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, UInt32

from latticework.core.checks import require
from latticework.schedules.wave import Wave
from latticework.topologies.columns import Columns
from latticework.topologies.columns_check import check_columns

Weights = dict[str, Array]
"""Weight matrices `[source, target]` by block name, float32."""


@dataclass(frozen=True)
class WaveProblem:
    """A network of columns on waves of `num_channels` channels.

    Raises:
        ValueError: when the wiring does not hold together.
    """

    wiring: Columns
    schedule: Wave
    num_channels: int

    def __post_init__(self) -> None:
        check_columns(self.wiring, self.num_channels, self.schedule.real_buffers)

    @cached_property
    def sizes(self) -> dict[str, int]:
        """Units of every population."""
        return self.wiring.sizes(self.num_channels)

    @cached_property
    def heights(self) -> dict[str, float]:
        """Height of every population's spikes."""
        return self.wiring.heights(self.schedule.real_buffers)

    def lag_of(self, source: str) -> int:
        """Steps that `source` must have been on longer than its target, to be captured."""
        is_column = any(column.name == source for column in self.wiring.columns)
        return self.schedule.lag(is_column)

    @property
    def num_read(self) -> int:
        """Units that are read."""
        return sum(self.sizes[name] for name in self.wiring.read)

    def check_inputs(self, shape: tuple[int, ...]) -> None:
        """Raise ValueError unless `shape` is `[..., wave, channel]` of this network."""
        require(
            len(shape) >= 2 and shape[-1] == self.num_channels,
            f"spike trains have shape {tuple(shape)}, but the network takes [..., wave, "
            f"{self.num_channels}]; change its inputs, or the channels of the task",
        )

    def check_weights(self, weights: Weights) -> None:
        """Raise ValueError unless there is a matrix of the right shape and range for each link."""
        blocks = self.wiring.blocks
        require(
            set(weights) == set(blocks),
            f"there are weights for {', '.join(sorted(weights))}, but the network's links are "
            f"{', '.join(blocks)}",
        )
        for name, link in blocks.items():
            shape = (self.sizes[link.source], self.sizes[link.target])
            matrix = weights[name]
            require(
                tuple(matrix.shape[-2:]) == shape,
                f"the weights of {name} have shape {tuple(matrix.shape)}, expected {shape}",
            )
            if link.rule is not None:
                link.rule.check_weights(matrix, name)

    def check_trains(self, trains) -> None:
        """Raise ValueError unless all trains are as short as the waves of this network."""
        longest, length = int(trains.max(initial=0)).bit_length(), self.schedule.length
        require(
            longest <= length,
            f"spike trains reach to step {longest - 1}, but the waves have {length} steps, 0 to "
            f"{length - 1}; encode with the network's wave length",
        )


class WaveResult(NamedTuple):
    """What came of a stretch of examples.

    Args:
        weights: after them.
        trains: of the populations asked for, side by side, uint32 `[seed, example, wave, unit]`.
    """

    weights: Weights
    trains: Array


def example_number(first: Array | int) -> Array:
    """The number of an example as draws take it, uint32.

    Raises:
        ValueError: it is no whole number from 0 to 2^32 - 1, or an array of another type.
    """
    if isinstance(first, int | np.integer):
        require(
            0 <= first < 2**32,
            f"the first example has number {first}, expected 0 to 2^32 - 1 = {2**32 - 1}",
        )
        return jnp.uint32(first)
    require(
        first.dtype == jnp.uint32 and first.size == 1,
        f"the first example's number is {first.dtype} of shape {first.shape}, expected one uint32; "
        "convert it with .astype",
    )
    return first


class AbstractWaveKernel(abc.ABC):
    """Runs examples one after the other, all seeds side by side; pure, jittable, parity-tested.

    Made for one problem. Every draw is that of `core.chance`, so that all kernels agree.
    """

    name: ClassVar[str]

    @classmethod
    @abc.abstractmethod
    def refusal(cls, problem: WaveProblem) -> str | None:
        """Why this kernel cannot compute `problem`, in one sentence; None when it can."""

    @abc.abstractmethod
    def run(
        self,
        weights: Weights,
        trains: UInt32[Array, "shown example wave channel"],
        keys: UInt32[Array, "seed 2"],
        first: Array | int,
        *,
        learns: bool,
        record: tuple[str, ...] | None = None,
    ) -> WaveResult:
        """Show examples to the network, learning or not; states are zero before each.

        Args:
            weights: `[seed, source, target]` by block.
            trains: what the channels do, seed by seed, or once where all seeds see the same.
            keys: of the draws.
            first: number of the first example, for the draws.
            learns: whether links with a rule learn.
            record: populations whose trains are wanted; the ones that are read if None.
        """
