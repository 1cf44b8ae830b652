"""How a kernel is chosen, whatever it computes: by name, or the fastest that applies."""

from collections.abc import Callable, Mapping
from typing import Any

from latticework.core.checks import require
from latticework.core.registry import unknown_name
from latticework.core.side_work import warn_once
from latticework.kernels.extension import extension

AUTO = "auto"


def choose(
    kernels: Mapping[str, type[Any]],
    requested: str,
    refusal: Callable[[type[Any]], str | None],
) -> type[Any]:
    """The kernel named `requested`, or the first that applies.

    Where a compiled kernel would have been taken had its extension been there, one line says so,
    once in a process.

    Args:
        kernels: by name, the fastest first.
        requested: a name, or "auto".
        refusal: why a kernel does not apply, in one sentence; None when it does.

    Raises:
        ValueError: when the kernel is not known or does not apply; the message says why, and
            which ones do. A request never falls back in silence.
    """
    require(requested in (AUTO, *kernels), unknown_name("kernel", requested, [AUTO, *kernels]))
    reasons = {name: refusal(kernel) for name, kernel in kernels.items()}
    usable = [name for name, reason in reasons.items() if reason is None]
    if requested != AUTO:
        reason = reasons[requested]
        require(
            reason is None,
            f"the kernel {requested!r} does not apply: {reason}; these do: {', '.join(usable)}",
        )
        return kernels[requested]
    missing = extension()
    if isinstance(missing, str) and missing in reasons.values():
        warn_once(
            f"the compiled kernels cannot be used and XLA does their work, more slowly: {missing}"
        )
    return kernels[usable[0]]
