"""Small networks of the other families and what Python makes of them, for the page's engines."""

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from latticework.cells import GatedNeighbourMix, NeighbourMix
from latticework.cells.front_end import FrontEnd
from latticework.cells.level_nets import LevelNets
from latticework.models.glom import Glom
from latticework.models.glom_learner import TEST_SEED
from latticework.models.gridnet import Gridnet
from latticework.models.lattice_inputs import ImageFace
from latticework.readouts import SlabLinear
from latticework.schedules import Blocked
from latticework.schedules.settling import Settling, Snapshots
from latticework.topologies import Lattice


def numbers(values: Any) -> list[float]:
    return [float(f"{v:.7g}") for v in np.asarray(values, np.float64).ravel()]


def rounded(tree: Any) -> Any:
    """Parameters in float32 that their decimal text gives back."""
    return jax.tree.map(
        lambda leaf: jnp.asarray(np.float32(numbers(leaf)).reshape(leaf.shape), jnp.float64), tree
    )


def gridnet_case(**choices: Any) -> dict[str, Any]:
    """4 x 4 x 4 cells in blocks of 2 x 4 x 2, an image of 4 x 4."""
    gated = choices.pop("gated", False)
    cell = (GatedNeighbourMix if gated else NeighbourMix)(activation=choices.pop("activation"))
    model = Gridnet(
        lattice=Lattice((4, 4, 4)),
        cell=cell,
        schedule=Blocked((2, 4, 2), inner_steps=2, block_norm=choices.pop("block_norm", False)),
        readout=SlabLinear(layers=choices.pop("layers", 1)),
        image=ImageFace(height=4, width=4, offset=0, mean=0.1307, sd=0.3081),
        outer_steps=2,
        **choices,
    )
    params = rounded(_stirred(model.init(jax.random.key(3))))
    image = np.random.default_rng(1).integers(0, 256, (4, 4))
    shown = jnp.asarray(image / 255.0)
    return {
        "choices": {
            "activation": cell.activation,
            "gated": gated,
            "block_norm": model.schedule.block_norm,
            "outer_residual": model.outer_residual,
            "shares_weights": model.shares_weights,
            "layers": model.readout.layers,
        },
        "tensors": {path: numbers(leaf) for path, leaf in _flat(params).items()},
        "image": image.ravel().tolist(),
        "trace": numbers(model.trace(params, shown)),
        "outputs": numbers(model.forward(params, shown)),
    }


def _stirred(params: Any) -> Any:
    """Parameters none of which is 0 or 1."""
    leaves, tree = jax.tree.flatten(params)
    rng = np.random.default_rng(0)
    return jax.tree.unflatten(tree, [leaf + 0.1 * rng.normal(size=leaf.shape) for leaf in leaves])


def _flat(params: Any) -> dict[str, Any]:
    leaves, _ = jax.tree_util.tree_flatten_with_path(params)
    return {jax.tree_util.keystr(p, simple=True, separator="."): leaf for p, leaf in leaves}


def glom_case(settling: Settling, nets: LevelNets) -> dict[str, Any]:
    """4 x 4 columns on patches of 7 pixels."""
    model = Glom(4, 4, nets=nets, front=FrontEnd(patch=7), settling=settling, kernel="xla")
    params = rounded(_stirred(model.init(jax.random.key(1))))
    image = np.random.default_rng(2).integers(0, 256, (28, 28))
    image[7:] = image[:, 7:] = 0
    cut = image.reshape(4, 7, 4, 7).swapaxes(1, 2).reshape(1, 16, 49)
    seen = model.see(jnp.asarray(cut / 255.0))
    start = model.start(seen, jnp.asarray(TEST_SEED))
    settled = model.settle(params, seen, TEST_SEED, all_states=True)
    return {
        "image": image.ravel().tolist(),
        "basis": numbers(model.front.basis[np.arange(nets.vector_length) % 49]),
        "start": numbers(start[1:, :, 0]),
        "tensors": {name: numbers(leaf) for name, leaf in params.items()},
        "nets": [{"kind": n.kind, "reads": n.reads, "writes": n.writes} for n in nets.nets],
        "settling": {
            "steps": settling.num_steps,
            "update": settling.update,
            "divisors": list(settling.snapshots.divisors),
            "factor": settling.snapshots.factor,
            "refeed": settling.refeed,
            "alive_above": settling.alive_above,
        },
        "scale": nets.scale,
        "states": numbers(settled.states[:, :, :, 0]),
        "last": numbers(settled.state[:, :, 0]),
    }


GRIDNETS = {
    "plain": {"activation": "silu"},
    "gated": {"activation": "tanh", "gated": True},
    "normalised": {"activation": "relu", "block_norm": True, "layers": 2},
    "residual": {"activation": "leaky_relu", "outer_residual": True, "shares_weights": False},
}
GLOMS = {
    "published": (Settling(num_steps=9), LevelNets(scale=0.3)),
    "average": (
        Settling(
            num_steps=3, update="average", snapshots=Snapshots(()), refeed=True, alive_above=0.1
        ),
        LevelNets(num_levels=3, vector_length=11, coordinates=True, scale=0.5),
    ),
}


def gridnets() -> dict[str, Any]:
    return {name: gridnet_case(**choices) for name, choices in GRIDNETS.items()}


def gloms() -> dict[str, Any]:
    return {name: glom_case(*choices) for name, choices in GLOMS.items()}
