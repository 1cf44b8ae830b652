"""An encoding that looks bytes up and no more, as the fused loops take it."""

from dataclasses import dataclass

import numpy as np

from latticework.core.checks import require

NUM_BYTES = 256
"""Codes below this are constants; pixel i has the code `NUM_BYTES + i`."""


@dataclass(frozen=True)
class ByteEncoding:
    """`input[t, c] = values[code < 256 ? code : pixel[code - 256]]` with `code = codes[t][c]`.

    Args:
        values: what each of the 256 bytes means.
        codes: `[time][channel]`: which byte of the example a channel shows at a step, counted from
            256, or below that the byte that it shows whatever the example.

    Raises:
        ValueError: there are not 256 values, or steps have different numbers of channels.
    """

    values: tuple[float, ...]
    codes: tuple[tuple[int, ...], ...]

    def __post_init__(self) -> None:
        require(
            len(self.values) == NUM_BYTES,
            f"the table of byte values has {len(self.values)} entries, expected {NUM_BYTES}",
        )
        widths = {len(step) for step in self.codes}
        require(
            len(widths) == 1 and 0 not in widths,
            f"the codes of {len(self.codes)} steps have {sorted(widths)} channels; expected one "
            "step or more, each with the same channels",
        )

    @property
    def num_channels(self) -> int:
        """Channels of a step."""
        return len(self.codes[0])

    def table(self) -> np.ndarray:
        """The codes, int32 `[time, channel]`."""
        return np.asarray(self.codes, np.int32)


def in_order(values: tuple[float, ...], num_steps: int, num_channels: int) -> ByteEncoding:
    """The bytes of an example as they lie: its channels at the first step, at the second, ..."""
    codes = NUM_BYTES + np.arange(num_steps * num_channels).reshape(num_steps, num_channels)
    return ByteEncoding(values, tuple(map(tuple, codes.tolist())))
