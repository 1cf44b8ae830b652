"""Small loops of outer steps, with parameters and states, for the tests of their kernels."""

from functools import cache
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array

from latticework.cells import GatedNeighbourMix, NeighbourMix
from latticework.core.lattice_loop import LatticeLoop
from latticework.kernels.loops import ReferenceLoop
from latticework.schedules import Blocked
from latticework.topologies import Lattice


class LoopCase(NamedTuple):
    """A loop and what it is run on; everything float64."""

    loop: LatticeLoop
    network: dict[str, Array]
    norm: dict[str, Array]
    states: Array
    cotangent: Array


def loop_case(loop: LatticeLoop, batch: int, seed: int = 0) -> LoopCase:
    """Random parameters and states, no entry special."""
    rng = np.random.default_rng(seed)
    shape = loop.lattice.shape

    def draw(*shape: int) -> Array:
        return jnp.asarray(rng.standard_normal(shape))

    def network(key: int) -> dict[str, Array]:
        drawn = loop.cell.init(jax.random.key(key), loop.lattice)
        return {name: v.astype(float) + 0.1 * draw(*v.shape) for name, v in drawn.items()}

    if loop.shares_weights:
        params = network(0)
    else:
        each = [network(step) for step in range(loop.outer_steps)]
        params = jax.tree.map(lambda *leaves: jnp.stack(leaves), *each)
    norm = {"weight": 1 + 0.1 * draw(*shape), "bias": 0.1 * draw(*shape)}
    return LoopCase(loop, params, norm, draw(batch, *shape), draw(batch, *shape))


def value_and_pull(kernel, case: LoopCase):
    """The last states, and the gradients of their product with the cotangent."""

    @jax.jit
    def run(network, norm, states, cotangent):
        value, pull = jax.vjp(kernel.run, network, norm, states)
        return value, pull(cotangent)

    return run(case.network, case.norm, case.states, case.cotangent)


PLAIN = LatticeLoop(Lattice((4, 6, 5)), NeighbourMix(), Blocked((2, 3, 5)), 3)
LOOPS = {
    "plain": PLAIN,
    "gated residual": LatticeLoop(
        Lattice((4, 3, 4)),
        GatedNeighbourMix("tanh"),
        Blocked((2, 3, 2)),
        3,
        outer_residual=True,
    ),
    "inner steps": LatticeLoop(
        Lattice((4, 2, 4)), NeighbourMix("leaky_relu"), Blocked((2, 2, 4), 3), 2
    ),
    "block norm": LatticeLoop(
        Lattice((4, 3, 4)),
        NeighbourMix("tanh"),
        Blocked((2, 3, 2), 2, block_norm=True),
        2,
        shares_weights=False,
        outer_residual=True,
    ),
    "gated blocks of one": LatticeLoop(
        Lattice((3, 2, 3)),
        GatedNeighbourMix("relu"),
        Blocked((1, 1, 1), 2, block_norm=True),
        2,
        shares_weights=False,
    ),
    "gated": LatticeLoop(Lattice((3, 4, 2)), GatedNeighbourMix(), Blocked((3, 2, 2)), 3),
    "gated with weights of each step": LatticeLoop(
        Lattice((2, 3, 4)), GatedNeighbourMix("tanh"), Blocked((2, 3, 4)), 3, shares_weights=False
    ),
    "one step": LatticeLoop(Lattice((3, 3, 3)), NeighbourMix("relu"), Blocked((3, 3, 3)), 1),
    "a line of cells": LatticeLoop(
        Lattice((1, 1, 3)), NeighbourMix(), Blocked((1, 1, 3)), 2, outer_residual=True
    ),
}
"""What the kernels must agree on: every cell, mode and kind of block at least once."""

BATCH = 3


@cache
def truth(name: str) -> tuple[LoopCase, tuple]:
    """A case of one of `LOOPS`, and the definition's values and gradients, made once."""
    case = loop_case(LOOPS[name], BATCH)
    return case, value_and_pull(ReferenceLoop(case.loop), case)


def in_type(case: LoopCase, dtype) -> LoopCase:
    """The same numbers in another floating-point type."""
    network, norm, states, cotangent = jax.tree.map(lambda v: v.astype(dtype), case[1:])
    return LoopCase(case.loop, network, norm, states, cotangent)
