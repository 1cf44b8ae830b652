"""Gradients of whole gridnets on tiny cubes against finite differences, in float64."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from latticework.cells import GatedNeighbourMix, NeighbourMix
from latticework.core.loss import cross_entropy
from latticework.models import Gridnet, GridnetLearner, ImageFace, PatchFaces
from latticework.readouts import SlabLinear
from latticework.schedules import Blocked
from latticework.topologies import Lattice
from support.close import SUMS, close_to_largest

STEP = 1e-6
FACE = ImageFace(2, 3, offset=1, mean=0.2, sd=0.5)
NETS = {
    "plain": Gridnet(
        Lattice((3, 4, 3)), NeighbourMix(), Blocked((3, 2, 3)), SlabLinear(), FACE, 3, 4
    ),
    "gated, blocks, residual": Gridnet(
        Lattice((4, 4, 3)),
        GatedNeighbourMix("tanh"),
        Blocked((2, 4, 3), 2, block_norm=True),
        SlabLinear(2),
        PatchFaces(8, 2, channels=2, colours=1),
        2,
        3,
        shares_weights=False,
        outer_residual=True,
    ),
}


# An echo needs one output per pixel, and is tested once.
@pytest.mark.parametrize(
    ("name", "loss"), [*((name, "cross_entropy") for name in NETS), ("plain", "echo")]
)
def test_gradient(name, loss):
    net = NETS[name]
    if loss == "echo":
        net = Gridnet(net.lattice, net.cell, net.schedule, net.readout, net.image, 3, 6)
    learner = GridnetLearner(net, loss)
    rng = np.random.default_rng(0)
    params = jax.tree.map(
        lambda v: jnp.asarray(np.asarray(v) + 0.1 * rng.standard_normal(v.shape)), learner.init([0])
    )
    images = jnp.asarray(rng.uniform(size=(1, 2, *net.image.image_shape)))
    targets = jnp.array([[1, 2]])
    key = jax.random.key(0)[None]
    updates = jax.jit(lambda params: learner.updates(params, images, targets, key))
    found = updates(params)
    assert found.loss.shape == found.correct.shape == (1,)
    names = []
    for path, leaf in jax.tree_util.tree_leaves_with_path(params):
        along = rng.standard_normal(leaf.shape)

        def moved(by, path=path, along=along):
            return jax.tree_util.tree_map_with_path(
                lambda at, v: v + by * along if at == path else v, params
            )

        slope = (updates(moved(STEP)).loss - updates(moved(-STEP)).loss) / (2 * STEP)
        direction = found.direction
        for part in path:
            direction = direction[part.key]
        exact = float(jnp.sum(direction * along))
        assert abs(exact - float(slope[0])) < 1e-7 * max(1.0, abs(exact)), path
        assert abs(exact) > 1e-9, f"nothing depends on {path}"
        names.append(jax.tree_util.keystr(path, simple=True, separator="."))
    assert "network.weight" in names
    assert ("patch_emb.weight" in names) == isinstance(net.image, PatchFaces)


def test_the_losses_are_what_they_say():
    net = NETS["plain"]
    learner = GridnetLearner(net, kernel_name="reference")
    params = learner.init([0, 1])
    images = jnp.asarray(np.random.default_rng(1).uniform(size=(4, 2, 3)), jnp.float32)
    targets = jnp.array([0, 1, 2, 3])
    scores = learner.scores(params, images)
    assert scores.shape == (2, 4, 4)
    first = jax.tree.map(lambda leaf: leaf[0], params)
    close_to_largest(net.forward(first, images[2]), scores[0, 2], SUMS)
    both = jnp.broadcast_to(images, (2, *images.shape))
    found = learner.updates(
        params, both, jnp.stack([targets] * 2), jax.random.split(jax.random.key(0))
    )
    for seed in range(2):
        mean = jnp.mean(cross_entropy(scores[seed], targets))
        close_to_largest(found.loss[seed], mean, SUMS)
    points = learner.points(params, images, targets)
    assert np.array_equal(points, jnp.argmax(scores, -1) == targets[None])


def test_what_does_not_fit_is_refused():
    net = NETS["plain"]
    with pytest.raises(ValueError, match="set num_outputs to 6"):
        GridnetLearner(net, "echo")
    with pytest.raises(ValueError, match="no loss named 'ecko'; did you mean 'echo'"):
        GridnetLearner(net, "ecko")  # pyright: ignore[reportArgumentType]
    with pytest.raises(ValueError, match=r"at least 29 x 29 cells"):
        Gridnet(
            Lattice((28, 28, 8)), image=ImageFace(28, 28, offset=1), schedule=Blocked((4, 4, 4))
        )
    with pytest.raises(ValueError, match=r"8 x 8 patches in 8 channels do not fit"):
        Gridnet(Lattice((8, 8, 4)), image=PatchFaces(64, 8), schedule=Blocked((4, 4, 4)))
    with pytest.raises(ValueError, match=r"an image has shape \(3, 2\), expected \(2, 3\)"):
        net.start(net.init(jax.random.key(0)), jnp.zeros((3, 2)))
