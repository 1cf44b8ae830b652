"""Processes that measure side by side and never outlive the one that started them."""

import contextlib
import multiprocessing
import os
import signal
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor


@contextlib.contextmanager
def processes(count: int, prepare: Callable[[], None]) -> Iterator[ProcessPoolExecutor]:
    """A pool of fresh interpreters; an error or a stop within the block ends them at once.

    Ctrl-C at a terminal goes to all processes of a command. Here the first one alone hears it, and
    ends the others, which have nothing to save.

    Args:
        count: how many.
        prepare: run by each at its beginning; it must be picklable.
    """
    others = set(multiprocessing.active_children())
    # Fresh interpreters, since the threads of XLA do not survive a fork.
    pool = ProcessPoolExecutor(
        count, multiprocessing.get_context("spawn"), _begin, (prepare, os.getpid())
    )
    try:
        with _interrupts_held_back():
            # The first task starts a process each; it is a small one, so that all are started here.
            for started in [pool.submit(os.getpid) for _ in range(count)]:
                del started
        yield pool
    except BaseException:
        for process in set(multiprocessing.active_children()) - others:
            process.terminate()
        raise
    finally:
        pool.shutdown(cancel_futures=True)


@contextlib.contextmanager
def _interrupts_held_back() -> Iterator[None]:
    """Let processes that are started here never hear Ctrl-C, not even while they import."""
    if not hasattr(signal, "pthread_sigmask"):
        yield
        return
    before = signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGINT])
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def _begin(prepare: Callable[[], None], parent: int) -> None:
    """What each process does first."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    threading.Thread(target=_end_with, args=(parent,), daemon=True).start()
    prepare()


def _end_with(parent: int) -> None:
    """End this process when the one that started it has ended, however that ended."""
    starter = multiprocessing.parent_process()
    if starter is not None and starter.pid == parent:
        starter.join()
        os._exit(1)
