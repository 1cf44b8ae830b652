"""Which kernel runs waves: decided here and nowhere else."""

from typing import Any

from latticework.kernels.choosing import AUTO, choose
from latticework.kernels.wave_native import NativeWaveKernel
from latticework.kernels.wave_problem import AbstractWaveKernel, WaveProblem
from latticework.kernels.wave_reference import ReferenceWaveKernel

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
    return choose(WAVE_KERNELS, requested, lambda kernel: kernel.refusal(problem))(problem)
