"""The kernels for CUDA: found once, registered with XLA, or told why not."""

import ctypes
import functools
import importlib.util

import jax

HANDLERS = ("latticework_cuda_cube_forward", "latticework_cuda_cube_backward")


@functools.cache
def cuda_extension() -> ctypes.CDLL | str:
    """The library, registered with XLA, or one sentence that says why there is none."""
    found = importlib.util.find_spec("latticework.kernels._cuda")
    if found is None or found.origin is None:
        return "it was not built; with nvcc in the path, run make gpu-kernel"
    try:
        library = ctypes.CDLL(found.origin)
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
