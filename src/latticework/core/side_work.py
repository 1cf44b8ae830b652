"""What is beside the point: when it fails, that is one line of warning and not the end of a run."""

import contextlib
import functools
import logging
from collections.abc import Iterator

WARNINGS = logging.getLogger("latticework")
"""Where warnings go; the command line prints each as one line on standard error."""


def warn(text: str) -> None:
    """Warn in one line, whatever the text holds."""
    WARNINGS.warning("%s", " ".join(text.split()))


@functools.cache
def warn_once(text: str) -> None:
    """Warn, but not twice of the same."""
    warn(text)


@contextlib.contextmanager
def side_work(failure: str) -> Iterator[None]:
    """Let no error out of the block: it becomes the warning `failure: reason`.

    Two things are no errors and go through: Ctrl-C, and a reader of our output who has seen enough.
    """
    try:
        yield
    except BrokenPipeError:
        raise
    except Exception as error:  # whatever goes wrong there, what counts goes on
        warn(f"{failure}: {reason_of(error)}")


def reason_of(error: BaseException) -> str:
    """What an error says, with its kind where the words alone say too little."""
    text = " ".join(str(error).split())
    if not text:
        return type(error).__name__
    return text if isinstance(error, OSError | ValueError) else f"{type(error).__name__}, {text}"
