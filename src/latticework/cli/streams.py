"""Standard streams as a command needs them: open, and unable to fail over a character."""

import codecs
import contextlib
import io
import logging
import os
import sys
from collections.abc import Iterator

from latticework.core.plain_text import plain_text
from latticework.core.side_work import WARNINGS

PLAIN_ERRORS = "latticework-plain"
"""Name of the way in which characters are written that a stream's encoding lacks."""


def settle_streams() -> None:
    """Let every text be printed, whatever the locale and whatever the shell has closed.

    A character that the encoding lacks is written by plain ones: `+-` for `±`, `-` for the lines of
    boxes and bars. A stream that was closed (`>&-`) leads nowhere; otherwise the next file that is
    opened would take its number, and what a library prints would be written into it.
    """
    codecs.register_error(PLAIN_ERRORS, _written_plainly)
    _open_closed_descriptors()
    for name, number in (("stdout", 1), ("stderr", 2)):
        stream = getattr(sys, name)
        if stream is None:
            closed = open(number, "w", encoding="utf-8", closefd=False)  # noqa: SIM115
            setattr(sys, name, closed)
        elif isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors=PLAIN_ERRORS)


@contextlib.contextmanager
def warnings_in_lines() -> Iterator[None]:
    """Print every warning of the package as one line, `latticework: warning: ...`."""
    handler = _Lines()
    WARNINGS.addHandler(handler)
    propagated, WARNINGS.propagate = WARNINGS.propagate, False
    try:
        yield
    finally:
        WARNINGS.propagate = propagated
        WARNINGS.removeHandler(handler)


def give_up_output() -> None:
    """Let what is still to be written go nowhere, or Python would complain of it at its end."""
    with contextlib.suppress(OSError, ValueError):
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


class _Lines(logging.Handler):
    """Writes to the standard error of the moment."""

    def emit(self, record: logging.LogRecord) -> None:
        with contextlib.suppress(OSError, ValueError):
            print(f"latticework: warning: {record.getMessage()}", file=sys.stderr, flush=True)


def _written_plainly(error: UnicodeError) -> tuple[str | bytes, int]:
    """What stands for the characters that could not be encoded; see `codecs.register_error`."""
    if not isinstance(error, UnicodeEncodeError):
        raise error
    return plain_text(error.object[error.start : error.end]), error.end


def _open_closed_descriptors() -> None:
    """Put the null device where standard input, output or error is closed."""
    for number in (0, 1, 2):
        try:
            os.fstat(number)
        except OSError:
            with contextlib.suppress(OSError):
                os.open(os.devnull, os.O_RDWR)  # takes the lowest number that is free: this one
