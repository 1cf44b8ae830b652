"""Processes wait for each other, before JAX does.

JAX's own client waits for minutes without hearing a signal, and then takes the process down from
C++. Here the wait has a limit, Ctrl-C ends it, and who did not come is said in a sentence.
"""

import contextlib
import socket
import struct
import time
from collections.abc import Iterator

_HERE = struct.Struct("!8si")
"""What a process says when it comes: a word to know it by, and its number."""
_WORD = b"lattice1"
_GO = b"go"
_LOOK_S = 0.2
"""Between two attempts, and between two looks for a signal."""


def meet(coordinator: str, processes: int, process_id: int, wait_s: float) -> None:
    """Return when all processes have come to this call.

    Args:
        coordinator: HOST:PORT of process 0.
        processes: how many there are.
        process_id: number of this one.
        wait_s: longest wait.

    Raises:
        ValueError: they did not come in time, or the address cannot be had.
    """
    host, _, port = coordinator.rpartition(":")
    deadline = time.monotonic() + wait_s
    if process_id == 0:
        missing = _gather(int(port), set(range(1, processes)), deadline)
        which = "process " + ", ".join(map(str, sorted(missing)))
    else:
        missing = not _come(host.strip("[]"), int(port), process_id, deadline)
        which = f"process 0 at {coordinator}, or one that it waits for,"
    if missing:
        raise ValueError(
            f"{which} did not come within {wait_s:g} s; start all {processes} processes with the "
            "same --coordinator and --processes, or wait longer with --wait-s"
        )


def _gather(port: int, missing: set[int], deadline: float) -> set[int]:
    """As process 0: let all others come, then let them go; returns who did not come."""
    with contextlib.ExitStack() as stack:
        server = stack.enter_context(_server(port))
        come: dict[int, socket.socket] = {}
        while missing and time.monotonic() < deadline:
            # Nobody came, or somebody who is no other process.
            with contextlib.suppress(OSError, struct.error):
                caller, _ = server.accept()
                stack.enter_context(caller)
                caller.settimeout(_LOOK_S)
                word, number = _HERE.unpack(caller.recv(_HERE.size, socket.MSG_WAITALL))
                if word == _WORD and (number in missing or number in come):
                    come[number] = caller
                    missing.discard(number)
        if not missing:
            for caller in come.values():
                with contextlib.suppress(OSError):
                    caller.sendall(_GO)
    return missing


@contextlib.contextmanager
def _server(port: int) -> Iterator[socket.socket]:
    try:
        server = socket.create_server(("", port), reuse_port=False)
    except OSError as error:
        raise ValueError(
            f"port {port} cannot be had for the coordinator ({error.strerror or error}); name "
            "another one in all processes"
        ) from error
    with server:
        server.settimeout(_LOOK_S)
        yield server


def _come(host: str, port: int, process_id: int, deadline: float) -> bool:
    """As another process: come until process 0 lets this one go; returns whether it did."""
    while time.monotonic() < deadline:
        try:
            with socket.create_connection((host, port), timeout=_LOOK_S * 10) as link:
                link.sendall(_HERE.pack(_WORD, process_id))
                link.settimeout(max(_LOOK_S, deadline - time.monotonic()))
                if link.recv(len(_GO), socket.MSG_WAITALL) == _GO:
                    return True
        except OSError:
            pass  # it has not begun yet, or has given up; perhaps it begins anew
        time.sleep(_LOOK_S)
    return False
