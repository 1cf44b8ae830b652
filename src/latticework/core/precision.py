"""Double precision for a stretch of code, whatever mode the process runs in."""

from contextlib import AbstractContextManager

import jax
import jax.experimental


def double_precision() -> AbstractContextManager:
    """A context in which JAX keeps 64-bit numbers; the mode is restored on leaving it.

    Arrays made inside keep their 64 bits afterwards. Functions jitted inside and outside are
    compiled separately.
    """
    # jax.enable_x64 is younger than the oldest JAX that is supported.
    home = jax if hasattr(jax, "enable_x64") else jax.experimental
    return home.enable_x64(True)  # pyright: ignore[reportAttributeAccessIssue]
