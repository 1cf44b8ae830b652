"""The mark of fields that describe an experiment and that the command line does not offer."""

from typing import TYPE_CHECKING, Annotated, TypeVar

T = TypeVar("T")

if TYPE_CHECKING:
    from tyro.conf import Suppress as Fixed
else:
    try:
        from tyro.conf import Suppress as Fixed
    except ImportError:
        # A recipe is one without the command line too: benchmarks/gpu.py runs on bare machines.
        Fixed = Annotated[T, "fixed"]

__all__ = ["Fixed"]
