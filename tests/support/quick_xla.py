"""Flags of XLA for tests, whose time is mostly compilation of programs that run once."""

import importlib.metadata

_VERSION = tuple(map(int, importlib.metadata.version("jaxlib").split(".")[:2]))

# A process ends at a flag that its jaxlib does not know.
QUICK_XLA = "--xla_backend_optimization_level=0" + (
    " --xla_cpu_use_fusion_emitters=false" if _VERSION < (0, 11) else ""
)
