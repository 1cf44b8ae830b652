"""`latticework` and `python -m latticework`: signals are heard before much is imported."""

import os
import signal
from types import FrameType
from typing import NoReturn


def program() -> NoReturn:
    """Run the command line as this process."""
    for name in ("SIGINT", "SIGTERM", "SIGHUP"):
        number = getattr(signal, name, None)
        if number is not None and signal.getsignal(number) is not signal.SIG_IGN:
            signal.signal(number, _stop)
    from latticework.cli.main import main_process

    main_process()


def _stop(number: int, frame: FrameType | None) -> None:
    """Stop until `core.interrupts` takes over: there is nothing yet to be saved."""
    del frame
    os.write(2, b"latticework: stopped before anything had begun\n")
    os._exit(128 + number)


if __name__ == "__main__":
    program()
