"""Processes wait for each other with a limit, and say who did not come."""

import socket
import threading

import pytest

from latticework.train import Launch
from latticework.train.meeting import meet


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def test_all_go_when_all_have_come():
    address, gone = f"127.0.0.1:{free_port()}", []

    def come(number: int) -> None:
        meet(address, 3, number, 600.0)
        gone.append(number)

    threads = [threading.Thread(target=come, args=(number,)) for number in (1, 2)]
    for thread in threads:
        thread.start()
    assert gone == []
    come(0)
    for thread in threads:
        thread.join()
    assert sorted(gone) == [0, 1, 2]


@pytest.mark.parametrize("said", [b"GET / HTTP/1.1\r\n\r\n", b"", b"lattice1\x00\x00\x00\x09"])
def test_a_stranger_at_the_door_changes_nothing(said):
    port, gone = free_port(), []
    first = threading.Thread(target=lambda: gone.append(meet(f"127.0.0.1:{port}", 2, 0, 600.0)))
    first.start()
    while True:
        try:
            with socket.create_connection(("127.0.0.1", port)) as stranger:
                stranger.sendall(said)
            break
        except ConnectionRefusedError:
            continue
    assert gone == []
    meet(f"127.0.0.1:{port}", 2, 1, 600.0)
    first.join()
    assert gone == [None]


@pytest.mark.parametrize(
    ("number", "words"),
    [(0, r"process 1, 2 did not come within 0\.01 s; start all 3"), (1, "process 0 at 127")],
)
def test_who_did_not_come_is_said(number, words):
    with pytest.raises(ValueError, match=words):
        meet(f"127.0.0.1:{free_port()}", 3, number, 0.01)


def test_a_port_that_is_taken_is_said():
    with socket.create_server(("", 0)) as other, pytest.raises(ValueError, match="cannot be had"):
        meet(f"127.0.0.1:{other.getsockname()[1]}", 2, 0, 1.0)


def test_a_wait_must_be_a_time():
    with pytest.raises(ValueError, match="wait_s is 0"):
        Launch(wait_s=0)
