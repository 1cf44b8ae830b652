"""Start JAX with several devices, or as one of several processes, before it computes anything."""

import contextlib
import math
from collections.abc import Iterator
from dataclasses import dataclass

import jax

from latticework.core.checks import require
from latticework.train.meeting import meet

AUTO = "auto"
SHUTDOWN_S = 30
"""How long a process that is done, or that failed, waits for the others."""


@dataclass(frozen=True)
class Launch:
    """Which devices share every batch.

    Args:
        devices: devices of each process; on the CPU they share its cores.
        processes: how many processes were started, all with the same arguments but --process-id.
        process_id: number of this process, from 0; process 0 writes the run folder and talks.
        coordinator: HOST:PORT, an address of process 0 that all can reach, with a free port; "auto"
            takes this, the number of processes and the process's own from SLURM, Open MPI or
            another launcher that JAX knows.
        wait_s: seconds to wait for the other processes at the beginning.

    Raises:
        ValueError: a number is out of range, or one of the last three is missing.
    """

    devices: int = 1
    processes: int | None = None
    process_id: int | None = None
    coordinator: str | None = None
    wait_s: float = 60.0

    def __post_init__(self) -> None:
        require(self.devices >= 1, f"devices is {self.devices}, expected 1 or more")
        require(
            self.wait_s > 0 and math.isfinite(self.wait_s),
            f"wait_s is {self.wait_s}, expected a positive number of seconds",
        )
        if self.coordinator in (None, AUTO):
            require(
                self.processes is None and self.process_id is None,
                "processes and process_id go with the address of a coordinator, as in "
                "--coordinator localhost:6789 --processes 2 --process-id 0",
            )
            return
        require(
            self.coordinator.rpartition(":")[2].isdigit(),
            f"coordinator is {self.coordinator!r}, expected HOST:PORT or auto",
        )
        if self.processes is None or self.process_id is None:
            raise ValueError("with a coordinator, say how many processes there are, and process_id")
        require(self.processes >= 1, f"processes is {self.processes}, expected 1 or more")
        require(
            0 <= self.process_id < self.processes,
            f"process_id is {self.process_id}, expected 0 to {self.processes - 1}",
        )

    @contextlib.contextmanager
    def joined(self) -> Iterator[None]:
        """Within it this process has its devices, and belongs to the others.

        Call it before JAX computes anything; with one device and no coordinator it does nothing.

        Raises:
            ValueError: JAX has computed before, the others cannot be reached, or one was lost.
        """
        if self.devices > 1:
            # Where JAX runs already, it has the devices it has; whether they are enough is checked
            # when they are used.
            with contextlib.suppress(RuntimeError):
                jax.config.update("jax_num_cpu_devices", self.devices)
        if self.coordinator is None:
            yield
            return
        self._join()
        try:
            yield
        except jax.errors.JaxRuntimeError as error:
            raise ValueError(
                f"a device failed or another process was lost ({str(error).splitlines()[0]}); go "
                "on from the last checkpoint with --resume in all processes"
            ) from error
        # Not after an error, whose message must not wait until the others have noticed: JAX takes
        # its leave at the end of the program anyway.
        jax.distributed.shutdown()

    def _join(self) -> None:
        """Meet the others."""
        jax.config.update("jax_cpu_collectives_implementation", "gloo")
        found = self.coordinator == AUTO
        _check_that_jax_has_not_started()
        if self.coordinator and not found and self.processes and self.process_id is not None:
            meet(self.coordinator, self.processes, self.process_id, self.wait_s)
        # Its notifier would take SIGTERM away from `core.interrupts`.
        with contextlib.suppress(AttributeError):  # older versions have none
            jax.config.update("jax_enable_preemption_service", False)
        try:
            jax.distributed.initialize(
                None if found else self.coordinator,
                self.processes,
                self.process_id,
                initialization_timeout=math.ceil(self.wait_s),
                shutdown_timeout_seconds=SHUTDOWN_S,
            )
        except (RuntimeError, ValueError) as error:
            raise ValueError(f"cannot join the other processes: {error}") from error


def _check_that_jax_has_not_started() -> None:
    """Raise `ValueError` if JAX has its devices: the others would be waited for in vain.

    It tells only by refusing another number of them.
    """
    before = jax.config.jax_num_cpu_devices  # pyright: ignore[reportAttributeAccessIssue]
    try:
        jax.config.update("jax_num_cpu_devices", max(before, 0) + 1)
    except RuntimeError as error:
        raise ValueError(f"cannot join the other processes: {error}") from error
    jax.config.update("jax_num_cpu_devices", before)
