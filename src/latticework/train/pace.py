"""How many steps to take before looking up."""

import time

from latticework.train.config import TrainingConfig

_FIRST_CHUNK = 4
_LARGEST_GROWTH = 8


class Pace:
    """Chunks of about `chunk_s` seconds, by the speed of the one before.

    Args:
        config: how long a chunk shall be.
        block: number of steps that must be taken at a time, or None for any number.
        done: steps of the run that were done before.
    """

    def __init__(self, config: TrainingConfig, block: int | None, done: int) -> None:
        self._seconds = config.chunk_s
        self._fixed = config.chunk_steps
        self._block = block
        self._length = config.chunk_steps or _FIRST_CHUNK
        self._done_before = done
        self._begun = time.perf_counter()

    def stop(self, step: int, steps_per_epoch: int) -> int:
        """The step to stop before, coming from `step`."""
        if self._block is not None:
            following = (step // self._block + 1) * self._block
        else:
            following = step + self._length
        return min(following, steps_per_epoch)

    def took(self, steps: int, seconds: float) -> None:
        """Learn that `steps` took `seconds`."""
        if self._fixed is None:
            fitting = int(steps * self._seconds / max(seconds, 1e-9))
            self._length = max(1, min(fitting, self._length * _LARGEST_GROWTH))

    def seconds_left(self, done: int, total: int) -> float | None:
        """Time to go at the average speed so far, measurements included."""
        progress = done - self._done_before
        if progress <= 0:
            return None
        return (time.perf_counter() - self._begun) * (total - done) / progress
