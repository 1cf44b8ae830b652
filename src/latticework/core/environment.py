"""Variables of the environment that change what the package does; read without JAX."""

import os
from collections.abc import Mapping

PREFIXES = ("LATTICEWORK_", "JAX_", "XLA_")
THREADS_VARIABLE = "LATTICEWORK_THREADS"
"""How many threads the compiled kernels use."""

PLATFORMS = "JAX_PLATFORMS"
MOST_THREADS = 1024


def variables(environ: Mapping[str, str] = os.environ) -> dict[str, str]:
    """Those that are set, by name."""
    return {name: environ[name] for name in sorted(environ) if name.startswith(PREFIXES)}


def fault(environ: Mapping[str, str] = os.environ) -> str | None:
    """What is wrong with one that can be judged by itself, in one sentence; None for nothing."""
    threads = environ.get(THREADS_VARIABLE, "")
    is_number = threads.isascii() and threads.isdecimal()
    if threads and not (is_number and 1 <= int(threads) <= MOST_THREADS):
        return (
            f"{THREADS_VARIABLE} is {threads!r}; expected a whole number of threads from 1 to "
            f"{MOST_THREADS:,}, or leave it unset for as many as there are cores"
        )
    platforms = environ.get(PLATFORMS, "")
    if platforms != platforms.lower():
        return f"{PLATFORMS} is {platforms!r}; JAX knows small letters alone: {platforms.lower()}"
    return None


def why_no_device(error: BaseException, environ: Mapping[str, str] = os.environ) -> str:
    """The sentence for a JAX that cannot start."""
    reason = " ".join(str(error).split()) or type(error).__name__
    named = environ.get(PLATFORMS, "")
    if not named:
        return f"JAX cannot start ({reason}); set {PLATFORMS}=cpu to compute on the processor"
    return f"JAX cannot start on {PLATFORMS}={named} ({reason}); unset it, or set {PLATFORMS}=cpu"


def why_not_loaded(error: BaseException) -> str:
    """The sentence for a JAX that cannot even be imported."""
    reason = " ".join(str(error).split()) or type(error).__name__
    if "AVX" in reason:
        return (
            f"JAX cannot be loaded: this processor lacks AVX, which the jaxlib that is installed "
            f"needs ({reason}); install a jaxlib that was built without it"
        )
    return f"a library cannot be loaded ({reason}); install the package again"
