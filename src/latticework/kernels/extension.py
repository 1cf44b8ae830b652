"""The compiled extension: found once, registered with XLA, or told why not."""

import functools
import importlib
import types

import jax


@functools.cache
def extension() -> types.ModuleType | str:
    """The extension, registered with XLA, or one sentence that says why there is none."""
    try:
        _native = importlib.import_module("latticework.kernels._native")
    except ModuleNotFoundError:
        return "its extension was not built; install a C++ compiler, then the package again"
    except ImportError as error:
        return f"its extension cannot be loaded ({error}); install the package again"
    if not hasattr(_native, "tables"):
        return "its extension is of another version than the package; install the package again"
    try:
        for name, handler in _native.handlers().items():
            jax.ffi.register_ffi_target(name, handler, platform="cpu")
    except Exception as error:  # XLA raises errors of its own here
        return f"this jaxlib does not take its extension ({error}); install the package again"
    return _native


def why_unavailable() -> str | None:
    """Why nothing compiled can run on the default device, in one sentence; None when it can."""
    if jax.default_backend() != "cpu":
        return f"it runs on the CPU, and the default device is a {jax.default_backend()}"
    found = extension()
    return found if isinstance(found, str) else None


def simd_level(kernel: str) -> str | None:
    """The vector instructions that a kernel computes with, which decide how it rounds.

    None for a kernel that is not compiled here: XLA chooses for itself.
    """
    found = extension()
    return found.level("auto") if kernel == "native" and not isinstance(found, str) else None
