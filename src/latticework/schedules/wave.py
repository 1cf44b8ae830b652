"""One gamma cycle at a time: what a wave sees of the wave before, and of its own last step."""

from dataclasses import dataclass
from typing import Literal, get_args

from latticework.core.checks import require
from latticework.core.spikes import check_wave_length

TieBreak = Literal["random", "first"]
"""Who wins among neurons that reach the threshold together when there is not room for all:
drawn at random, or the first in the column."""


@dataclass(frozen=True)
class Wave:
    """Every connection costs one step; a wave is a number of steps; buffers bridge two waves.

    Each of the five switches repairs one fault of the published program, so that `Wave()` is
    *faithful* and `corrected()` has the evident intent.

    Args:
        length: steps per wave.
        tie_break: "random" or "first".
        right_winners: inhibition latches the neurons that crossed, not those whose number is
            their place in a list (`cells.temporal_neuron.slipping`).
        keeps_last_step: neurons are reset at the start of the next wave, so that step `length - 1`
            is seen; published: at that step, and what fires there is lost.
        separate_waves: the last step of a wave does not drive the first step of the next.
        causal_capture: an input captures only if it could have reached its target in time, one
            step before it fires; published: up to one step after it.
        real_buffers: a buffer keeps real values; published: 8-bit integers.

    Raises:
        ValueError: the length or the tie-break is not known.
    """

    length: int = 16
    tie_break: TieBreak = "random"
    right_winners: bool = False
    keeps_last_step: bool = False
    separate_waves: bool = False
    causal_capture: bool = False
    real_buffers: bool = False

    def __post_init__(self) -> None:
        check_wave_length(self.length)
        known = get_args(TieBreak)
        require(
            self.tie_break in known,
            f"tie_break is {self.tie_break!r}; one of {', '.join(known)} expected",
        )

    @property
    def last_step(self) -> int:
        """One past the last step at which a neuron can be seen."""
        return self.length if self.keeps_last_step else self.length - 1

    def lag(self, source_is_column: bool) -> int:
        """Steps that a source must have been on longer than its target, to be captured.

        A source and a target that start at a and tau are on for S - a and E - tau steps. E is
        `last_step`, and so is S for a column; inputs and buffers are on to the end of the wave.
        Causal is a <= tau - 1.
        """
        if not self.causal_capture:
            return 0
        return 1 if source_is_column else 1 + self.length - self.last_step


def corrected(length: int = 16, tie_break: TieBreak = "random") -> Wave:
    """The schedule with every fault repaired."""
    return Wave(length, tie_break, True, True, True, True, True)
