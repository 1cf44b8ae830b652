"""The annotations of the package, shapes included, checked at every call while tests run.

What a test expects to be refused is called wrongly on purpose, so within `pytest.raises` nothing
is checked: there the package itself must find what is wrong.
"""

import contextlib
import sys

import jaxtyping
import pytest
from beartype import BeartypeConf, beartype

VARIABLE = "LATTICEWORK_CHECK_ANNOTATIONS"
"""Environment variable: 1 to check them."""

check = beartype(conf=BeartypeConf(is_pep484_tower=True))
"""An int does where a float is wanted, as type checkers have it."""


def check_annotations() -> None:
    """From now on, in what is imported from now on."""
    if any(name.split(".")[0] == "latticework" for name in sys.modules):
        raise RuntimeError("latticework is imported already, and its annotations go unchecked")
    jaxtyping.install_import_hook("latticework", "support.annotations.check")
    pytest.raises = _unchecked(pytest.raises)


def _unchecked(raises):
    """`pytest.raises`, without checks inside."""

    @contextlib.contextmanager
    def block(*args, **kwargs):
        before = jaxtyping.config.jaxtyping_disable
        jaxtyping.config.update("jaxtyping_disable", True)
        try:
            with raises(*args, **kwargs) as caught:
                yield caught
        finally:
            jaxtyping.config.update("jaxtyping_disable", before)

    return block
