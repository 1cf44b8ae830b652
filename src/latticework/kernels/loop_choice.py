"""Which kernel runs the outer steps of a lattice: decided here and nowhere else."""

from typing import Any

from latticework.core.lattice_loop import LatticeLoop
from latticework.kernels.choosing import AUTO, choose
from latticework.kernels.cuda_cube import CudaLoop
from latticework.kernels.loops import AbstractLoopKernel, ReferenceLoop
from latticework.kernels.native_cube import NativeLoop
from latticework.kernels.shifted_loop import ShiftedLoop

LOOP_KERNELS: dict[str, type[Any]] = {
    # No GPU has run `cuda` yet: until one has shown it right, it is taken where it is named.
    kernel.name: kernel
    for kernel in (NativeLoop, ShiftedLoop, CudaLoop, ReferenceLoop)
}
"""Kernels by name, in the order of choice: `AbstractLoopKernel`s made from a `LatticeLoop`."""


def choose_loop_kernel(
    loop: LatticeLoop, requested: str = AUTO, *, remat: bool = False
) -> AbstractLoopKernel:
    """The kernel named `requested`, or the fastest that runs `loop` on this machine.

    Raises:
        ValueError: when the kernel is not known or does not apply; the message says why, and
            which ones do. A request never falls back in silence.
    """
    kernel = choose(
        LOOP_KERNELS,
        requested,
        lambda kernel: kernel.refusal(loop),
    )
    return kernel(loop, remat=remat)
