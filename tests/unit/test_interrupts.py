"""Signals: a line at once, a stop where it is fit, and a second one that does not wait."""

import os
import queue
import signal
import subprocess
import sys
import threading

import pytest

from latticework.core import interrupts
from latticework.core.interrupts import (
    Interrupted,
    Watch,
    check,
    go_on_with,
    postponed,
    reporting,
    requested,
    watching,
)
from latticework.studies.processes import processes

STOPS = [(signal.SIGINT, "Ctrl-C"), (signal.SIGTERM, "SIGTERM"), (signal.SIGHUP, "SIGHUP")]


@pytest.fixture
def ended(monkeypatch):
    """Takes the number of a signal that would have ended the process at once."""
    numbers: queue.SimpleQueue[int] = queue.SimpleQueue()
    monkeypatch.setattr(interrupts, "end_by", numbers.put)
    return numbers


@pytest.fixture
def heard():
    """Signals that are not ignored, as they are where the tests themselves run under `nohup`."""
    before = {stop: signal.getsignal(stop) for stop, _ in STOPS}
    for stop, handler in before.items():
        if handler is signal.SIG_IGN:
            signal.signal(stop, signal.SIG_DFL)
    yield
    for stop, handler in before.items():
        signal.signal(stop, handler)


@pytest.mark.usefixtures("heard")
@pytest.mark.parametrize(("number", "words"), STOPS)
def test_a_signal_interrupts_and_is_answered(capfd, number, words):
    before = [signal.getsignal(stop) for stop, _ in STOPS]
    with watching(["latticework", "evaluate", "a b"]) as watch:
        with pytest.raises(Interrupted):
            signal.raise_signal(number)
        assert watch.requested and watch.status == 128 + number
        assert watch.how_to_go_on() == "go on with: latticework evaluate 'a b'"
    said = capfd.readouterr().err
    assert said.startswith(f"latticework: {words}") and said.count("\n") == 1
    assert said.endswith("heard: stopping; once more to stop at once\n")
    assert [signal.getsignal(stop) for stop, _ in STOPS] == before
    assert signal.set_wakeup_fd(-1) == -1
    assert not requested()


def test_a_stop_is_postponed_until_it_is_asked_for(capfd):
    with watching(["latticework", "train"]) as watch, postponed():
        assert not requested()
        signal.raise_signal(signal.SIGTERM)
        assert requested()
        with pytest.raises(Interrupted):
            check()
        go_on_with(lambda: None)
        assert watch.how_to_go_on() == "go on with: latticework train"
        go_on_with(lambda: "latticework train --resume x")
        assert watch.how_to_go_on() == "go on with: latticework train --resume x"
    assert "stopping after the step in hand" in capfd.readouterr().err


def test_the_answer_does_not_wait_for_the_main_thread(capfd, monkeypatch):
    """As during a compilation, in which Python runs no handler."""
    monkeypatch.setattr(Watch, "_on_signal", lambda self, number, frame: None)
    with watching([]) as watch, postponed():
        signal.raise_signal(signal.SIGINT)
        assert watch._said.wait(60)
        assert watch.requested
    assert "Ctrl-C heard" in capfd.readouterr().err


def test_once_more_ends_at_once(capfd, monkeypatch, ended):
    monkeypatch.setattr(interrupts, "SAME_S", 0.0)
    with watching(["again"]), postponed():
        signal.raise_signal(signal.SIGINT)
        signal.raise_signal(signal.SIGTERM)
        assert ended.get(timeout=60) == signal.SIGTERM
    assert capfd.readouterr().err.endswith(
        "latticework: SIGTERM heard again: stopped at once; what was saved is kept\n"
        "go on with: again\n"
    )


def test_what_a_supervisor_sends_twice_counts_once(monkeypatch, ended):
    monkeypatch.setattr(interrupts, "SAME_S", 3600.0)
    with watching([]), postponed():
        signal.raise_signal(signal.SIGTERM)
        signal.raise_signal(signal.SIGTERM)
    assert ended.empty()


def test_progress_is_one_line_and_nothing_stops(monkeypatch):
    lines: queue.SimpleQueue[str] = queue.SimpleQueue()
    monkeypatch.setattr(interrupts, "say", lines.put)
    with watching([]), reporting(lambda: "grid"), reporting(lambda: "epoch 1/2"):
        signal.raise_signal(signal.SIGUSR1)
        assert lines.get(timeout=60) == "grid; epoch 1/2"
    assert lines.empty()


def test_what_is_ignored_stays_so():
    """`nohup` and a shell's background jobs ask for that."""
    before = signal.signal(signal.SIGHUP, signal.SIG_IGN)
    try:
        with watching([]) as watch:
            signal.raise_signal(signal.SIGHUP)
            assert not watch.requested
    finally:
        signal.signal(signal.SIGHUP, before)


def test_a_program_of_ones_own_keeps_its_signals():
    before = signal.getsignal(signal.SIGTERM)
    with postponed():
        assert signal.getsignal(signal.SIGTERM) is before
        signal.raise_signal(signal.SIGINT)
        assert requested()
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler


def test_another_thread_watches_nothing():
    found: list[bool] = []

    def body() -> None:
        with watching([]), postponed():
            found.append(requested())

    thread = threading.Thread(target=body)
    thread.start()
    thread.join()
    assert found == [False]


def test_a_terminal_that_is_gone_stops_no_saving(monkeypatch):
    redirected: list[int] = []

    def gone(descriptor: int, data: bytes) -> int:
        raise OSError("Input/output error")

    monkeypatch.setattr(interrupts.os, "write", gone)
    monkeypatch.setattr(interrupts.os, "dup2", lambda old, new: redirected.append(new))
    interrupts.say("anything")
    assert redirected == [2, 1]


EARLY = """
import signal, sys, time
signal.signal(signal.SIGINT, signal.default_int_handler)  # a background job ignores it
import latticework.__main__ as program
import latticework.cli.main as main

def load(name):
    signal.raise_signal(signal.{name})
    time.sleep(600)

main.importlib.import_module = load
program.program()
"""


@pytest.mark.parametrize("name", ["SIGINT", "SIGTERM"])
def test_a_stop_while_everything_is_imported_is_no_traceback(name):
    done = subprocess.run(
        [sys.executable, "-c", EARLY.format(name=name), "train", "synthetic-snap1"],
        capture_output=True,
        text=True,
    )
    assert done.returncode == 128 + getattr(signal, name)
    assert done.stderr.endswith("heard: stopped before anything had begun\n")
    assert done.stderr.count("\n") == 1 and done.stdout == ""


def test_processes_end_with_a_stop():
    with pytest.raises(Interrupted), processes(2, os.getpid) as pool:
        waiting = [pool.submit(signal.sigwait, {signal.SIGUSR2}) for _ in range(2)]
        started = list(pool._processes.values())
        assert len(started) == len(waiting) == 2
        raise Interrupted
    for process in started:
        process.join()
        assert process.exitcode == -signal.SIGTERM


ORPHANS = """
import os, signal, sys
from latticework.studies.processes import processes

if __name__ == "__main__":
    with processes(1, os.getpid) as pool:
        print(pool.submit(os.getpid).result(), flush=True)
        pool.submit(signal.sigwait, {signal.SIGUSR2})
        os.kill(os.getpid(), signal.SIGKILL)
"""


@pytest.mark.all
def test_processes_end_with_the_one_that_started_them(tmp_path):
    program = tmp_path / "program.py"
    program.write_text(ORPHANS)
    starter = subprocess.Popen([sys.executable, program], stdout=subprocess.PIPE)
    # The output ends when nobody is left who could write there.
    out, _ = starter.communicate(timeout=120)
    assert int(out) != starter.pid and starter.returncode == -signal.SIGKILL
