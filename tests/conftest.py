"""Strict numerics for every test: 64 bits available, no silent promotion of types or ranks."""

import os
import signal
from pathlib import Path

from support.quick_xla import QUICK_XLA

os.environ.setdefault("JAX_PLATFORMS", "cpu")
os.environ["XLA_FLAGS"] = f"{QUICK_XLA} {os.environ.get('XLA_FLAGS', '')}"

from support.annotations import VARIABLE, check_annotations

if os.environ.get(VARIABLE) == "1":
    check_annotations()

# A shell's background job ignores Ctrl-C, and the tests press it.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)

import jax
import pytest
from hypothesis import HealthCheck, settings

from support.needs import pytest_collection_modifyitems, pytest_terminal_summary  # noqa: F401

# No test may depend on how busy the machine is, or on what an earlier run drew.
settings.register_profile(
    "latticework",
    deadline=None,
    derandomize=True,
    database=None,
    suppress_health_check=[HealthCheck.too_slow],
)
settings.load_profile("latticework")

jax.config.update("jax_enable_x64", True)
jax.config.update("jax_numpy_dtype_promotion", "strict")
jax.config.update("jax_numpy_rank_promotion", "raise")


@pytest.fixture(scope="session")
def golden_dir() -> Path:
    """The folder of golden arrays."""
    return Path(__file__).parent / "golden" / "data"
