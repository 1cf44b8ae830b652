"""Ctrl-C as a request that the loop answers when it can."""

import signal
import threading
from types import FrameType


class Interruptible:
    """Within it, the first SIGINT only sets `requested`; a second one interrupts at once.

    It does nothing outside the main thread, where Python delivers no signals, and in a process
    that was told to ignore SIGINT (a background job).
    """

    def __init__(self) -> None:
        self.requested = False
        self._before = None

    def __enter__(self) -> "Interruptible":
        in_main = threading.current_thread() is threading.main_thread()
        if in_main and signal.getsignal(signal.SIGINT) is not signal.SIG_IGN:
            self._before = signal.signal(signal.SIGINT, self._request)
        return self

    def __exit__(self, *_: object) -> None:
        self._restore()

    def _request(self, number: int, frame: FrameType | None) -> None:
        del number, frame
        self.requested = True
        self._restore()

    def _restore(self) -> None:
        if self._before is not None:
            signal.signal(signal.SIGINT, self._before)
            self._before = None
