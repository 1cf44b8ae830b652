"""How precisely a stretch of code computes, whatever mode the process runs in."""

import contextlib
from collections.abc import Iterator
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


@contextlib.contextmanager
def whole_products() -> Iterator[None]:
    """Within it matrix products are taken in full float32 on every device.

    When JAX was told nothing, a GPU may cut the factors of a product to ten bits, and a TPU to
    seven. Who set `jax_default_matmul_precision` gets what was set. It counts where code is traced.
    """
    told = jax.config.jax_default_matmul_precision  # pyright: ignore[reportAttributeAccessIssue]
    if told is not None or jax.default_backend() == "cpu":
        yield
        return
    with jax.default_matmul_precision("highest"):
        yield
