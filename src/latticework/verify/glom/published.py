"""What the published weights do on the test images of MNIST."""

from collections.abc import Iterator

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array

from latticework.cells.level_nets import NetParams
from latticework.models.glom import Glom
from latticework.models.glom_learner import GlomLearner
from latticework.readouts.site_vote import SiteReadout
from latticework.tasks import DataSource, NoDataError, PatchImage
from latticework.train.evaluate import Evaluator
from latticework.verify.archive import Archive
from latticework.verify.families import Context
from latticework.verify.glom.layout import compare_array, stored_params, theirs
from latticework.verify.outcomes import Check, SkippedCaseError, compare_absolute, compare_equal

ACCURACY, ACCURACY_TOLERANCE = 0.9003, 2e-3
"""On all 10,000 test images, dropout off, float32; the draw of the initial state moves it."""

_CHUNK = 10


def replay_published_weights(golden: Archive, context: Context) -> Iterator[Check]:
    """Every array of `published_weights`, then the accuracy on all test images; needs MNIST."""
    dataset = _mnist(context)
    yield from replay_first_images(golden, dataset.test_inputs, dataset.test_targets)
    network = Glom()
    learner = GlomLearner(network)
    params = {name: p.astype(np.float32)[None] for name, p in _params(golden, network).items()}
    evaluator = Evaluator(
        learner, PatchImage().encode, dataset.test_inputs, dataset.test_targets, batch=100
    )
    accuracy = evaluator.accuracy(params)
    yield compare_absolute(
        "accuracy on the test images", accuracy[0], np.asarray(ACCURACY), ACCURACY_TOLERANCE
    )


def replay_first_images(golden: Archive, images: np.ndarray, labels: np.ndarray) -> Iterator[Check]:
    """The arrays of the file: the first 50 images, in float64."""
    network = Glom(kernel="xla")
    params = {name: p.astype(np.float64) for name, p in _params(golden, network).items()}
    count = len(golden.array("labels_50"))
    yield compare_equal("labels_50", labels[:count], golden.array("labels_50"))
    pixels = images[:count].reshape(count, -1, 1) / np.float64(255)
    settle = jax.jit(lambda params, pixels: _settle(network, params, pixels))
    chunks = [settle(params, jnp.asarray(pixels[n : n + _CHUNK])) for n in range(0, count, _CHUNK)]
    top = jnp.concatenate(chunks, axis=1)
    readout, alive = SiteReadout(), jnp.ones(top.shape[1:], bool)
    loss = jnp.mean(readout.losses(top, alive, jnp.asarray(labels[:count])))
    yield compare_array(golden, "loss_50", loss)
    yield compare_array(golden, "final_top_first2", theirs(top[None, :, :2])[..., 0, :])
    votes = readout.votes(top, alive)
    yield compare_equal("vote_counts_50", votes, golden.array("vote_counts_50"))
    yield compare_equal("vote_50", np.argmax(votes, axis=-1), golden.array("vote_50"))


def _settle(network: Glom, params: NetParams, pixels: Array) -> Array:
    """The top level, from the initial state that the README of the golden files gives."""
    image = network.see(pixels)
    state = jnp.concatenate([image.bottom[None], _start(image.bottom)])
    return network.settle(params, image, np.uint32(0), state=state).state[-1]


def _start(bottom: Array) -> Array:
    """Levels above the bottom: `0.1 ((7 row + 13 col + 17 level + 29 channel) mod 31) / 31`."""
    channels, batch, rows, cols = bottom.shape
    level, channel, row, col = np.ogrid[1:4, :channels, :rows, :cols]
    values = 0.1 * ((7 * row + 13 * col + 17 * level + 29 * channel) % 31) / 31
    shape = (3, channels, batch, rows, cols)
    return jnp.broadcast_to(jnp.asarray(values, bottom.dtype)[:, :, None], shape)


def _params(golden: Archive, network: Glom) -> NetParams:
    """The published parameters."""
    return stored_params(golden, network.nets)


def _mnist(context: Context):
    """MNIST, if it is here."""
    folder = None if context.data_dir is None else str(context.data_dir)
    try:
        return PatchImage(fallback=False).load(DataSource(folder, offline=True))
    except NoDataError as error:
        raise SkippedCaseError(f"it reads MNIST, which is not here: {error}") from error
