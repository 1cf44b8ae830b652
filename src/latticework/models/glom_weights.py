"""The published weights of GLOM, where somebody has them: they are not part of this package."""

from pathlib import Path

import jax
import numpy as np

from latticework.cells.level_nets import LevelNets, NetParams
from latticework.core.checks import require
from latticework.core.seeds import key_of
from latticework.untrusted import read_npz

STORED = {
    "weight1": "W1",
    "bias1": "b1",
    "weight2": "W2",
    "bias2": "b2",
    "weight3": "W3",
    "bias3": "b3",
}
"""Our names of the parameters of one net, and those of the arrays `KIND_INDEX_NAME` of a file."""


def read_weights(path: Path, nets: LevelNets) -> NetParams:
    """The parameters of all nets from an `.npz` of arrays `bottom_up_0_W1` and so on, float32.

    Raises:
        ValueError: the file is damaged, or an array is missing or has another shape.
        OSError: the file cannot be read.
    """
    like = jax.eval_shape(nets.init, key_of(0))
    shapes = {name: leaf.shape[1:] for name, leaf in like.items()}
    stored = read_npz(path)
    params = {}
    for name, short in STORED.items():
        each = []
        for net in nets.nets:
            key = f"{net.kind}_{net.index}_{short}"
            require(key in stored, f"{path} has no array {key!r}")
            require(
                stored[key].shape == shapes[name] and stored[key].dtype.kind == "f",
                f"{path}: {key} is {stored[key].dtype} of shape {stored[key].shape}, expected real "
                f"numbers of shape {shapes[name]}",
            )
            each.append(stored[key].astype(np.float32))
        params[name] = np.stack(each)
    return params
