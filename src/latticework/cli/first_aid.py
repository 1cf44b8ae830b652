"""What can be said when the libraries that a command needs cannot be loaded or started."""

import json
import platform
import sys
from collections.abc import Sequence

from latticework.core.environment import variables, why_no_device, why_not_loaded


def doctor_without_libraries(argv: Sequence[str], error: BaseException) -> int:
    """What `doctor` says where it cannot be loaded itself; returns the exit status."""
    findings = [
        ("python", "ok", f"{platform.python_version()}, {platform.platform(terse=True)}"),
        ("libraries", "BROKEN", why_not_loaded(error)),
        *(("variable", "ok", f"{name}={value}") for name, value in variables().items()),
    ]
    if "--json" in argv:
        names = ("what", "state", "detail")
        rows = [dict(zip(names, finding, strict=True)) for finding in findings]
        print(json.dumps({"well": False, "findings": rows}))
    else:
        for what, state, detail in findings:
            print(f"{state:<8}{what:<12}{detail}")
    return 1


def device_trouble(error: BaseException) -> str | None:
    """The sentence for an error that comes of JAX having no device; None where it has one."""
    if "jax" not in sys.modules:
        return None
    import jax

    try:
        jax.devices()
    except Exception as reason:  # each backend has its own
        return why_no_device(reason if str(reason) else error)
    return None
