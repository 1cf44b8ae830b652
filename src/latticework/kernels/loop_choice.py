"""Which kernel runs the outer steps of a lattice: decided here and nowhere else."""

from typing import Any

from latticework.core.checks import require
from latticework.core.lattice_loop import LatticeLoop
from latticework.core.registry import unknown_name
from latticework.kernels.choice import AUTO
from latticework.kernels.loops import AbstractLoopKernel, ReferenceLoop
from latticework.kernels.native_cube import NativeLoop
from latticework.kernels.pallas_cube import PallasLoop
from latticework.kernels.shifted_loop import ShiftedLoop

LOOP_KERNELS: dict[str, type[Any]] = {
    kernel.name: kernel for kernel in (NativeLoop, PallasLoop, ShiftedLoop, ReferenceLoop)
}
"""Kernels by name, the fastest first: concrete `AbstractLoopKernel`s made from a `LatticeLoop`."""


def choose_loop_kernel(
    loop: LatticeLoop, requested: str = AUTO, *, remat: bool = False
) -> AbstractLoopKernel:
    """The kernel named `requested`, or the fastest that runs `loop` on this machine.

    Raises:
        ValueError: when the kernel is not known or does not apply; the message says why, and
            which ones do. A request never falls back in silence.
    """
    usable = [name for name, kernel in LOOP_KERNELS.items() if kernel.refusal(loop) is None]
    if requested == AUTO:
        first = next(name for name in usable if LOOP_KERNELS[name].is_automatic())
        return LOOP_KERNELS[first](loop, remat=remat)
    require(requested in LOOP_KERNELS, unknown_name("kernel", requested, [AUTO, *LOOP_KERNELS]))
    reason = LOOP_KERNELS[requested].refusal(loop)
    require(
        reason is None,
        f"the kernel {requested!r} does not apply: {reason}; these do: {', '.join(usable)}",
    )
    return LOOP_KERNELS[requested](loop, remat=remat)
