"""The CUDA kernels of the cube on a processor: compiled for threads in turns, called by ctypes."""

import ctypes
import functools
import shutil
import subprocess
import tempfile
from pathlib import Path

import numpy as np

from latticework.cells import GatedNeighbourMix
from latticework.core.lattice_loop import LatticeLoop
from latticework.kernels import cube_parts
from latticework.kernels.cube_parts import ACTIVATIONS
from support.loops import LoopCase

ORDERS = ("forward", "backward", "shuffled")
"""In which order threads run between two barriers."""

_HERE = Path(__file__).parent / "emulated"
SOURCE = Path(cube_parts.__file__).parent / "native" / "cuda"


@functools.cache
def library() -> ctypes.CDLL:
    """The emulated kernels, compiled once in a process."""
    folder = Path(tempfile.mkdtemp())
    made = folder / "cube.so"
    words = ["g++", "-std=c++17", "-O1", "-Wall", "-Wextra", "-Werror", "-shared"]
    words += [
        "-Wno-unknown-pragmas",
        "-fno-strict-aliasing",
        "-fPIC",
        f"-I{SOURCE}",
        f"-I{_HERE}",
        str(_HERE / "cube.cpp"),
        "-o",
        str(made),
    ]
    try:
        subprocess.run(words, check=True)
        return ctypes.CDLL(str(made))
    finally:
        shutil.rmtree(folder)


def value_and_pull(case: LoopCase, order: str = "forward"):
    """What `support.loops.value_and_pull` gives, by the emulated kernels."""
    loop, kind = case.loop, np.asarray(case.states).dtype
    names = loop.cell.param_names
    network = [np.ascontiguousarray(case.network[name], kind) for name in names]
    while len(network) < 3:
        network.append(np.zeros(0, kind))
    norm = [np.ascontiguousarray(case.norm[name], kind) for name in ("weight", "bias")]
    states = np.ascontiguousarray(case.states, kind)
    given = [states, *network, *norm]
    batch, shape = states.shape[0], states.shape[1:]
    kept = [
        np.full((loop.outer_steps, batch, *shape), np.nan, kind),
        np.full((loop.outer_steps + 1, 2, batch), np.nan, kind),
    ]
    out = np.full_like(states, np.nan)
    _call(loop, batch, order, [*given, *kept, out], keeps=True)
    without = np.full_like(states, np.nan)
    _call(loop, batch, order, [*given, *(np.zeros(0, kind),) * 2, without])
    assert np.array_equal(out, without)
    back = [np.full_like(one, np.nan) for one in given]
    cotangent = np.ascontiguousarray(case.cotangent, kind)
    _call(loop, batch, order, [*given, *kept, cotangent, *back], keeps=True, backward=True)
    d_states, d_network, d_norm = back[0], back[1 : 1 + len(names)], back[4:]
    return out, (
        dict(zip(names, d_network, strict=True)),
        dict(zip(("weight", "bias"), d_norm, strict=True)),
        d_states,
    )


def _call(
    loop: LatticeLoop, batch: int, order: str, arrays, *, keeps: bool = False, backward=False
) -> None:
    numbers = [
        *loop.lattice.shape,
        *loop.schedule.block_shape,
        batch,
        loop.outer_steps,
        loop.schedule.inner_steps,
        ACTIVATIONS.index(loop.cell.activation),
        isinstance(loop.cell, GatedNeighbourMix),
        loop.outer_residual,
        not loop.shares_weights,
        keeps,
        backward,
    ]
    places = [one.ctypes.data if one.size else None for one in arrays]
    failed = library().lw_emulated_cube(
        arrays[0].dtype == np.float64,
        ORDERS.index(order),
        (ctypes.c_int * len(numbers))(*map(int, numbers)),
        ctypes.c_double(loop.eps),
        (ctypes.c_void_p * len(places))(*places),
    )
    assert not failed
