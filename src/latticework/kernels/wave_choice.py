"""Which kernel runs waves: decided here and nowhere else."""

from typing import Any

from latticework.core.checks import require
from latticework.core.registry import unknown_name
from latticework.kernels.wave_native import NativeWaveKernel
from latticework.kernels.wave_problem import AbstractWaveKernel, WaveProblem
from latticework.kernels.wave_reference import ReferenceWaveKernel

AUTO = "auto"

WAVE_KERNELS: dict[str, type[Any]] = {
    kernel.name: kernel for kernel in (NativeWaveKernel, ReferenceWaveKernel)
}
"""Kernels by name, the fastest first: concrete `AbstractWaveKernel`s made from a `WaveProblem`."""


def choose_wave_kernel(problem: WaveProblem, requested: str = AUTO) -> AbstractWaveKernel:
    """The kernel named `requested`, or the fastest that computes `problem`.

    Raises:
        ValueError: when the kernel is not known or does not apply; the message says why, and
            which ones do. A request never falls back in silence.
    """
    usable = [name for name, kernel in WAVE_KERNELS.items() if kernel.refusal(problem) is None]
    if requested == AUTO:
        return WAVE_KERNELS[usable[0]](problem)
    require(requested in WAVE_KERNELS, unknown_name("kernel", requested, [AUTO, *WAVE_KERNELS]))
    reason = WAVE_KERNELS[requested].refusal(problem)
    require(
        reason is None,
        f"the kernel {requested!r} does not apply: {reason}; these do: {', '.join(usable)}",
    )
    return WAVE_KERNELS[requested](problem)
