"""How long this program has been running, its start-up included."""

import os
import time
from pathlib import Path

_IMPORTED = time.perf_counter()
_STATE = Path("/proc/self/stat")
_START_TIME = 19
"""Place of the start time among the words after the program's name, which may hold spaces."""


def seconds_running() -> float:
    """Seconds since the process was started; where the system does not tell, since this import."""
    try:
        words = _STATE.read_text().rpartition(")")[2].split()
        started = int(words[_START_TIME]) / os.sysconf("SC_CLK_TCK")
        return time.clock_gettime(time.CLOCK_BOOTTIME) - started
    except (OSError, ValueError, IndexError, AttributeError):
        return time.perf_counter() - _IMPORTED
