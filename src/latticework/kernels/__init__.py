"""Fast paths, one file each, and the choice among them."""

from latticework.kernels.base import AbstractKernel, Problem
from latticework.kernels.choice import AUTO, KERNELS, choose_kernel

__all__ = ["AUTO", "KERNELS", "AbstractKernel", "Problem", "choose_kernel"]
