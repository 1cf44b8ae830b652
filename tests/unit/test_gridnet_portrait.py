"""Pictures of a gridnet: what they show is what the network does."""

import dataclasses

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from latticework.cells import NeighbourMix
from latticework.models import Gridnet, ImageFace
from latticework.pictures import cube_slices, signal_reach
from latticework.schedules import Blocked
from latticework.studies.gridnet_portrait import travel
from latticework.topologies import Lattice

NET = Gridnet(
    Lattice((3, 3, 4)),
    NeighbourMix("tanh"),
    Blocked((3, 3, 2)),
    image=ImageFace(3, 3, offset=0),
    outer_steps=2,
    num_outputs=2,
)


def test_a_signal_moves_one_cell_per_step_and_the_normalisation_carries_the_rest(tmp_path):
    params = NET.init(jax.random.key(0))
    image = jnp.asarray(np.random.default_rng(0).uniform(size=(3, 3)), jnp.float32)
    states, sensitivity = travel(NET, jax.tree.map(np.asarray, params), image)
    assert states.shape == (3, 3, 3, 4)
    assert np.array_equal(states[0], NET.start(params, image))
    assert sensitivity.shape == (3, 4)
    assert sensitivity[0, 0] > 0
    assert np.all(sensitivity[0, 1:] == 0)
    # After a step the neighbours answer; beyond them only the normalisation's statistics do.
    assert sensitivity[1, 1] > 3 * sensitivity[1, 3] > 0
    for made in (
        cube_slices(states, tmp_path / "cube.png", title="t"),
        signal_reach(sensitivity, tmp_path / "reach.png", title="t"),
    ):
        assert made.read_bytes().startswith(b"\x89PNG")


def test_what_cannot_be_drawn_is_refused(tmp_path):
    with pytest.raises(ValueError, match=r"expected \[step, row, col, depth\]"):
        cube_slices(np.zeros((2, 3)), tmp_path / "a.png")
    with pytest.raises(ValueError, match="nothing to draw"):
        signal_reach(np.zeros((2, 3)), tmp_path / "a.png")
    blank = dataclasses.replace(NET, outer_steps=0)
    assert (
        travel(blank, blank.init(jax.random.key(0)), jnp.zeros((3, 3), jnp.float32))[0].shape[0]
        == 1
    )
