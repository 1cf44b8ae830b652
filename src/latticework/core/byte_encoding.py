"""An encoding that looks bytes up and no more, as the fused loops take it."""

from dataclasses import dataclass

import numpy as np

from latticework.core.checks import require

NUM_BYTES = 256


@dataclass(frozen=True)
class ByteEncoding:
    """`input[t, c] = values[code < V ? code : byte[code - V]]` with `code = codes[t][c]`, V values.

    Args:
        values: what each of the 256 bytes means, and behind these the constants.
        codes: `[time][channel]`: which byte of the example a channel shows at a step, counted from
            V, or below that the value that it shows whatever the example.

    Raises:
        ValueError: there are fewer than 256 values, or steps have different numbers of channels.
    """

    values: tuple[float, ...]
    codes: tuple[tuple[int, ...], ...]

    def __post_init__(self) -> None:
        require(
            len(self.values) >= NUM_BYTES,
            f"the table of byte values has {len(self.values)} entries, expected {NUM_BYTES} or "
            "more",
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
    codes = np.arange(num_steps * num_channels).reshape(num_steps, num_channels) + len(values)
    return ByteEncoding(values, tuple(map(tuple, codes.tolist())))
