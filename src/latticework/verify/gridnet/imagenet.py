"""The image classifier with patches, in its three modes; big arrays are given by formulas."""

from collections.abc import Iterator
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array

from latticework.cells import NeighbourMix
from latticework.core.loss import cross_entropy
from latticework.core.trees import stacked
from latticework.models import Gridnet, GridnetParams, PatchFaces
from latticework.schedules import Blocked
from latticework.topologies import Lattice
from latticework.verify.archive import Archive
from latticework.verify.families import Context
from latticework.verify.gridnet.names import flat, nested
from latticework.verify.gridnet.tolerances import compare_gradient, compare_output
from latticework.verify.outcomes import Check

_SIDE, _PATCH, _CHANNELS, _GRID, _OUTPUTS, _OUTER = 256, 32, 3, 8, 1000, 2


def replay_imagenet(golden: Archive, context: Context) -> Iterator[Check]:
    """Every array of `imagenet_tiny_*`."""
    del context
    network = Gridnet(
        lattice=Lattice((_GRID,) * 3),
        cell=NeighbourMix("leaky_relu", residual_scale=0.5),
        schedule=Blocked((8, 8, 8), 2),
        image=PatchFaces(_SIDE, _PATCH, _CHANNELS),
        outer_steps=_OUTER,
        num_outputs=_OUTPUTS,
        shares_weights=not golden.flag("separate_params"),
        outer_residual=golden.flag("outer_residual"),
    )
    # One of the published files has no parameters of its own: they are those of another.
    source = (
        golden
        if golden.names("param.")
        else golden.beside(
            "the parameters",
            *("param.init_in", "param.network.weight"),
            fits=lambda other: other.shape("param.init_in") == golden.shape("grad.init_in"),
        )
    )
    params = _params(source, network)
    images, targets = jnp.asarray(_images()), jnp.asarray(golden.array("label", (2,)))

    @jax.jit
    def everything(params: GridnetParams):
        def loss(params: GridnetParams) -> tuple[Array, Array]:
            outputs = jax.vmap(network.forward, (None, 0))(params, images)
            return jnp.mean(cross_entropy(outputs, targets)), outputs

        return jax.value_and_grad(loss, has_aux=True)(params)

    (value, outputs), gradient = everything(params)
    yield compare_output(golden, "output", outputs)
    yield compare_output(golden, "loss", value)
    for name, leaf in flat(_published(gradient, network)).items():
        if f"grad.{name}" in golden:
            yield compare_gradient(golden, f"grad.{name}", leaf)
        else:
            yield compare_gradient(golden, f"gradnorm.{name}", jnp.linalg.norm(leaf.reshape(-1)))


def _params(golden: Archive, network: Gridnet) -> GridnetParams:
    """The stored parameters and those given by a formula."""
    names = [name.removeprefix("param.") for name in golden.names("param.")]
    given = {name: golden.array(f"param.{name}").astype(np.float64) for name in names}
    given["patch_emb.weight"] = _patch_weight()
    given["readout.proj.weight"] = _projection()
    params: dict[str, Any] = nested({name: jnp.asarray(value) for name, value in given.items()})
    if not network.shares_weights:
        each = params.pop("networks")
        layers = [each[str(step)] for step in range(network.outer_steps)]
        params["network"] = stacked(layers)
    return params


def _published(gradient: GridnetParams, network: Gridnet) -> dict[str, Any]:
    """A gradient under the published names: separate weights are `networks.N` there."""
    if network.shares_weights:
        return gradient
    rest = {name: value for name, value in gradient.items() if name != "network"}
    layers = {
        str(step): {name: value[step] for name, value in gradient["network"].items()}
        for step in range(network.outer_steps)
    }
    return {**rest, "networks": layers}


def _images() -> np.ndarray:
    n, c, y, x = np.indices((2, 3, _SIDE, _SIDE)).astype(float)
    return np.sin(0.05 * (y + 1) * (c + 1) + 0.03 * x + n) + 0.1 * np.cos(
        0.7 * x - 0.2 * y * (n + 1)
    )


def _patch_weight() -> np.ndarray:
    o, c, y, x = np.indices((_CHANNELS, 3, _PATCH, _PATCH)).astype(float)
    return 0.03 * np.sin(1.3 * o + 0.7 * c + 0.11 * (y + 1) * (x + 2))


def _projection() -> np.ndarray:
    o, i = np.indices((_OUTPUTS, _GRID**2)).astype(float)
    return 0.125 * np.sin(0.37 * o + 0.11 * (1 + i) ** 1.5)
