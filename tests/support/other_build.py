"""A pytest plugin: test another build of the extension, the file that LATTICEWORK_NATIVE names.

`make sanitize` uses it to run the tests of the compiled kernels on a build with sanitizers, whose
AVX-512 level is made for narrower registers so that every machine can run it; `make levels` for a
build with that level alone.
"""

import importlib.util
import os
import sys
from importlib.machinery import ExtensionFileLoader

NAME = "latticework.kernels._native"

loader = ExtensionFileLoader(NAME, os.environ["LATTICEWORK_NATIVE"])
spec = importlib.util.spec_from_file_location(NAME, loader.path, loader=loader)
assert spec is not None
sys.modules[NAME] = importlib.util.module_from_spec(spec)
loader.exec_module(sys.modules[NAME])
