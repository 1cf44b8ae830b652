"""Whole small models: what they compute, their gradients, and four steps of AdamW."""

from collections.abc import Iterator
from typing import cast

import jax
import jax.numpy as jnp
from jaxtyping import Array

from latticework.cells import GatedNeighbourMix, NeighbourMix
from latticework.cells.activations import ActivationName
from latticework.core.loss import cross_entropy
from latticework.models import Gridnet, GridnetParams, ImageFace
from latticework.schedules import Blocked
from latticework.topologies import Lattice
from latticework.train.optimisers import OptimiserConfig, build
from latticework.verify.archive import Archive
from latticework.verify.families import Context
from latticework.verify.gridnet.names import flat, nested
from latticework.verify.gridnet.tolerances import compare_gradient, compare_output
from latticework.verify.outcomes import Check

ROUNDED = "network.weight"


def replay_model(golden: Archive, context: Context) -> Iterator[Check]:
    """Every array of `mnist_tiny_*` and `echo_tiny`."""
    del context
    network = _network(golden)
    params = _stored(golden)
    images = jnp.asarray(golden.array("image", (3, *network.image.image_shape)))
    targets = golden.array("label") if "label" in golden else None

    def loss(params: GridnetParams) -> tuple[Array, Array]:
        outputs = jax.vmap(network.forward, (None, 0))(params, images)
        return _loss(outputs, images, targets), outputs

    @jax.jit
    def everything(params: GridnetParams):
        trace = jax.vmap(network.trace, (None, 0), 1)(params, images)
        return jax.value_and_grad(loss, has_aux=True)(params), trace

    (value, outputs), gradient = (found := everything(params))[0]
    yield compare_output(golden, "trace", found[1])
    yield compare_output(golden, "output", outputs)
    yield compare_output(golden, "loss", value)
    for name, leaf in flat(gradient).items():
        yield compare_gradient(golden, f"grad.{name}", leaf, is_rounded=name == ROUNDED)
    yield from _training(golden, params, jax.jit(jax.value_and_grad(loss, has_aux=True)))


def _training(golden: Archive, params: GridnetParams, gradient_of) -> Iterator[Check]:
    """Losses before each step of AdamW, and the parameters after the last."""
    config = OptimiserConfig(
        learning_rate=golden.number("lr"), weight_decay=golden.number("weight_decay")
    )
    stacked = jax.tree.map(lambda leaf: leaf[None], params)
    steps = len(golden.array("adamw_losses"))
    optimiser = build(config, steps, stacked)
    state, losses = optimiser.init(stacked), []
    update = jax.jit(optimiser.update)
    for _ in range(steps):
        (value, _), gradient = gradient_of(jax.tree.map(lambda leaf: leaf[0], stacked))
        losses.append(value)
        change, state = update(jax.tree.map(lambda g: g[None], gradient), state, stacked)
        stacked = jax.tree.map(jnp.add, stacked, change)
    yield compare_gradient(golden, "adamw_losses", jnp.stack(losses))
    for name, leaf in flat(jax.tree.map(lambda leaf: leaf[0], stacked)).items():
        if name != ROUNDED:  # not stored
            yield compare_gradient(golden, f"after.{name}", leaf)


def _loss(outputs: Array, images: Array, targets) -> Array:
    """Mean cross entropy, or the mean squared error of the echo."""
    if targets is None:
        return jnp.mean(jnp.square(outputs - images.reshape(outputs.shape)))
    return jnp.mean(cross_entropy(outputs, jnp.asarray(targets)))


def _network(golden: Archive) -> Gridnet:
    activation = cast(ActivationName, golden.text("act"))
    side = golden.count("img")
    return Gridnet(
        lattice=Lattice(tuple(golden.array("grid", (3,)).tolist())),
        cell=(GatedNeighbourMix if golden.flag("gatedp") else NeighbourMix)(activation),
        schedule=Blocked((golden.count("block"),) * 3, golden.count("inner")),
        image=ImageFace(side, side, int(golden.array("off", ()))),
        outer_steps=golden.count("outer"),
        num_outputs=golden.count("ncls"),
    )


def _stored(golden: Archive) -> GridnetParams:
    names = [name.removeprefix("param.") for name in golden.names("param.")]
    return nested({name: jnp.asarray(golden.array(f"param.{name}")) for name in names})
