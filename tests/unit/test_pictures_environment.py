"""Pictures are drawn in the same way whatever the environment says."""

import os
import subprocess
import sys

import matplotlib as mpl
import numpy as np
import pytest

from latticework import pictures

SCRIPT = """
import sys, numpy
from latticework import pictures
pictures.confusion_matrix(numpy.eye(2), sys.argv[1])
"""


@pytest.fixture(scope="module")
def plain(tmp_path_factory) -> bytes:
    path = tmp_path_factory.mktemp("plain") / "c.png"
    return pictures.confusion_matrix(np.eye(2), path).read_bytes()


def test_windows_and_settings_of_others_do_not_count(tmp_path, plain):
    """A backend that is not there, settings that are no text, a folder that cannot be written."""
    (tmp_path / "matplotlibrc").write_bytes(b"\xff\xfe no text")
    environment = {
        **os.environ,
        "MPLBACKEND": "module://matplotlib_inline.backend_inline",
        "MPLCONFIGDIR": "/proc/nowhere",
    }
    done = subprocess.run(
        [sys.executable, "-c", SCRIPT, "c.png"],
        cwd=tmp_path,
        env=environment,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    assert done.stderr.startswith("matplotlib: ") and done.stderr.count("\n") == 1, done.stderr
    assert (tmp_path / "c.png").read_bytes() == plain


def test_what_a_user_has_set_for_figures_does_not_count(tmp_path, plain):
    own = {"axes.grid": True, "text.usetex": True, "savefig.transparent": True, "font.size": 30}
    with mpl.rc_context(own):
        path = pictures.confusion_matrix(np.eye(2), tmp_path / "c.png")
        assert mpl.rcParams["font.size"] == 30
    assert path.read_bytes() == plain
