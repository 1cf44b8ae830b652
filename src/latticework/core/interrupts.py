"""Signals: heard and answered in a line at once, obeyed when the work in hand is done.

Python runs a handler between two of its own instructions, which during a compilation or a compiled
loop may be minutes away. So a thread of its own hears every signal, through the descriptor that
Python writes to at once, and says so; the main thread stops at the next place that is fit for it.

Ctrl-C (SIGINT), SIGTERM and SIGHUP ask for a stop; once more ends the process at once. SIGUSR1 asks
how far things are. Which of them there are depends on the system: Windows has neither SIGHUP nor
SIGUSR1, and ends a process without SIGTERM; it has SIGBREAK, Ctrl-Break, which asks for a stop.
"""

import contextlib
import importlib
import os
import shlex
import signal
import socket
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from types import FrameType
from typing import Any

NAMES = {
    "SIGINT": "Ctrl-C",
    "SIGTERM": "SIGTERM",
    "SIGHUP": "SIGHUP (the terminal was closed)",
    "SIGBREAK": "Ctrl-Break",
}
"""The signals that ask for a stop, and what a person calls them."""

STOPS = {getattr(signal, name): words for name, words in NAMES.items() if hasattr(signal, name)}
"""Those of them that this system has, by number."""

PROGRESS = getattr(signal, "SIGUSR1", None)
"""The signal that asks for a line of progress, where the system has it."""

SAME_S = 0.3
"""Two signals within so many seconds are one: `timeout` sends its signal twice."""

_END = b"\0"
_PATIENCE_S = 2.0


class Interrupted(KeyboardInterrupt):
    """A signal has asked for a stop."""


class Watch:
    """Hears signals for as long as it is open; `watching` and `postponed` open one.

    Args:
        wide: whether to hear SIGTERM, SIGHUP and SIGUSR1 beside Ctrl-C.
    """

    def __init__(self, *, wide: bool) -> None:
        self.number: int | None = None
        self.starting = False
        self.postponing = 0
        self.go_on: Callable[[], str | None] = lambda: None
        self._wide, self._heard_at, self._before = wide, 0.0, {}
        self._thread = threading.Thread(target=self._listen, name="signals", daemon=True)
        self._said, self._raised = threading.Event(), False
        self._descriptor = -1

    @property
    def requested(self) -> bool:
        """Whether a stop was asked for."""
        return self.number is not None

    @property
    def status(self) -> int:
        """The exit status of a process that has stopped: 128 and the signal's number."""
        return 128 + (self.number or 0)

    def open(self) -> None:
        """Take the signals that nobody ignores: a background job is told to ignore Ctrl-C."""
        self._inner, self._outer = socket.socketpair()
        self._outer.setblocking(False)
        self._descriptor = signal.set_wakeup_fd(self._outer.fileno(), warn_on_full_buffer=False)
        self._thread.start()
        wanted = [*STOPS, PROGRESS] if self._wide else [signal.SIGINT]
        for number in wanted:
            if number is not None and signal.getsignal(number) is not signal.SIG_IGN:
                self._before[number] = signal.signal(number, self._on_signal)

    def close(self) -> None:
        """Leave everything as it was."""
        for number, handler in self._before.items():
            signal.signal(number, handler)
        signal.set_wakeup_fd(self._descriptor, warn_on_full_buffer=False)
        self._outer.send(_END)
        self._thread.join()
        self._inner.close()
        self._outer.close()

    def _on_signal(self, number: int, frame: FrameType | None) -> None:
        """What the main thread does, when it comes to it."""
        del frame
        if number in STOPS:
            self.number = self.number or number
            if not (self.postponing or self.starting or self._raised):
                self._raised = True
                raise Interrupted

    def _listen(self) -> None:
        """What the other thread does, at once."""
        while True:
            for number in self._inner.recv(64):
                if number == _END[0]:
                    return
                if number == PROGRESS:
                    say(_progress())
                elif number in STOPS and number in self._before:
                    self._stop(number)

    def _stop(self, number: int) -> None:
        now, words = time.monotonic(), STOPS[number]
        if self.starting:
            say(f"{words} heard: stopped before anything had begun")
            end_by(number)
        elif not self._heard_at:
            self._heard_at, self.number = now, self.number or number
            after = " after the step in hand" if self.postponing else ""
            say(f"{words} heard: stopping{after}; once more to stop at once")
            self._said.set()
        elif now - self._heard_at >= SAME_S:
            say(f"{words} heard again: stopped at once; what was saved is kept")
            if line := self.how_to_go_on():
                say(line, prefix="")
            end_by(number)

    def how_to_go_on(self) -> str | None:
        """One line that a shell understands, if there is something left to do."""
        self._said.wait(_PATIENCE_S)  # so that the answer to the signal comes first
        line = self.go_on()
        return f"go on with: {line}" if line else None


_open: Watch | None = None
_reports: list[Callable[[], str]] = []


@contextlib.contextmanager
def watching(again: Sequence[str]) -> Iterator[Watch]:
    """Hear all signals within the block; they interrupt it with `Interrupted`.

    It hears nothing outside the main thread, where Python delivers no signals, and within another
    such block.

    Args:
        again: the command that does what was left undone, until `go_on_with` names another.
    """
    with _opened(wide=True) as watch:
        before, watch.go_on = watch.go_on, lambda: shlex.join(again)
        try:
            yield watch
        finally:
            watch.go_on = before


@contextlib.contextmanager
def postponed() -> Iterator[None]:
    """Within the block a stop interrupts nothing: the block asks `requested`, or calls `check`.

    Where nobody watches, as in a program of one's own, it hears Ctrl-C alone.
    """
    with _opened(wide=False) as watch:
        watch.postponing += 1
        try:
            yield
        finally:
            watch.postponing -= 1


@contextlib.contextmanager
def _opened(*, wide: bool) -> Iterator[Watch]:
    global _open
    if _open is not None:
        yield _open
        return
    watch = Watch(wide=wide)
    if threading.current_thread() is not threading.main_thread():
        yield watch
        return
    watch.open()
    _open = watch
    try:
        yield watch
    finally:
        _open = None
        watch.close()


def requested() -> bool:
    """Whether a stop was asked for."""
    return _open is not None and _open.requested


def check() -> None:
    """Raise `Interrupted` if a stop was asked for; for places between two pieces of work."""
    if requested():
        raise Interrupted


def go_on_with(line: Callable[[], str | None]) -> None:
    """Name the command line that goes on from here; None for the one that was named before."""
    if _open is not None:
        before = _open.go_on
        _open.go_on = lambda: line() or before()


@contextlib.contextmanager
def reporting(text: Callable[[], str]) -> Iterator[None]:
    """Let SIGUSR1 be answered with `text()`, after what is reported around the block."""
    _reports.append(text)
    try:
        yield
    finally:
        _reports.remove(text)


def _progress() -> str:
    return "; ".join(text() for text in list(_reports)) or "nothing to report yet"


def say(text: str, prefix: str = "latticework: ") -> None:
    """Write one line to standard error, from any thread; a terminal that is gone is let go."""
    # On a terminal something else may stand on this line: the echo of Ctrl-C, a bar.
    start = "\n" if prefix and _is_terminal() else ""
    try:
        os.write(2, f"{start}{prefix}{text}\n".encode())
    except OSError:
        # What is printed later must not fail: saving comes before.
        with contextlib.suppress(OSError):
            nowhere = os.open(os.devnull, os.O_WRONLY)
            os.dup2(nowhere, 2)
            if not _writable(1):
                os.dup2(nowhere, 1)


def _writable(descriptor: int) -> bool:
    try:
        os.write(descriptor, b"")
        return os.isatty(descriptor) or not os.isatty(0)
    except OSError:
        return False


def _is_terminal() -> bool:
    with contextlib.suppress(OSError):
        return os.isatty(2)
    return False


def end_by(number: int) -> None:
    """End the process now, from any thread, as if stopped by the signal.

    At a terminal Ctrl-C ends it by the signal itself: only then does a loop of the shell end too.
    Everywhere else the exit status is 128 and the number.
    """
    if number == signal.SIGINT and _is_terminal() and os.name == "posix":
        with contextlib.suppress(ImportError, OSError, AttributeError):
            # Python lets only the main thread set a handler, and that may be busy for long.
            ctypes: Any = importlib.import_module("ctypes")
            ctypes.CDLL(None).signal(number, 0)
            os.kill(os.getpid(), number)
    os._exit(128 + number)
