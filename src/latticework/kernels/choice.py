"""Which kernel computes a problem: decided here and nowhere else."""

from typing import Any

from latticework.kernels.base import AbstractKernel, Problem
from latticework.kernels.choosing import AUTO, choose
from latticework.kernels.native_kernel import NativeKernel
from latticework.kernels.reference import ReferenceKernel
from latticework.kernels.skewed_adjoint import SkewedAdjointKernel
from latticework.kernels.skewed_traces import SkewedTracesKernel

KERNELS: dict[str, type[Any]] = {
    kernel.name: kernel
    for kernel in (NativeKernel, SkewedAdjointKernel, SkewedTracesKernel, ReferenceKernel)
}
"""Kernels by name, the fastest first: concrete `AbstractKernel`s made from a `Problem`."""


def choose_kernel(problem: Problem, requested: str = AUTO) -> AbstractKernel:
    """The kernel named `requested`, or the fastest that computes `problem`.

    Raises:
        ValueError: when the kernel is not known or does not apply; the message says why, and
            which ones do. A request never falls back in silence.
    """
    return choose(KERNELS, requested, lambda kernel: kernel.refusal(problem))(problem)
