"""The kernels for CUDA: found once, registered with XLA, or told why not."""

import ctypes
import functools
from pathlib import Path

import jax

from latticework import kernels

LIBRARY = "libcuda_kernels.so.1"
"""A file beside the modules, and none itself."""

HANDLERS = ("latticework_cuda_cube_forward", "latticework_cuda_cube_backward")


@functools.cache
def cuda_extension() -> ctypes.CDLL | str:
    """The library, registered with XLA, or one sentence that says why there is none."""
    found = [one for folder in kernels.__path__ if (one := Path(folder) / LIBRARY).is_file()]
    if not found:
        return "it was not built; with nvcc in the path, run make gpu-kernel"
    try:
        # An installed one and one that was made since in the checkout: the newer.
        library = ctypes.CDLL(str(max(found, key=lambda one: one.stat().st_mtime)))
        library.latticework_cuda_cube_needs.restype = ctypes.c_int64
        library.latticework_cuda_shared_memory.restype = ctypes.c_int64
        for name in HANDLERS:
            capsule = jax.ffi.pycapsule(getattr(library, name))
            jax.ffi.register_ffi_target(name, capsule, platform="CUDA")
    except (OSError, AttributeError) as error:
        return f"it cannot be loaded ({error}); run make gpu-kernel again"
    except Exception as error:  # XLA raises errors of its own here
        return f"this jaxlib does not take it ({error}); run make gpu-kernel again"
    return library
