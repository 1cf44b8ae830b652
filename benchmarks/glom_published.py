"""The weights of our own faithful GLOM beside the published ones: size, loss, recall of each class.

    python benchmarks/glom_published.py RUN --published FILE --save .

RUN is the folder of a run of `glom-mnist-faithful`, and FILE is `published_weights.npz`, which is
not part of this package. Size is the root mean square of the first layers' weights; the loss is
that while learning (dropout and noise on) of the first 1,200 training images, the same draws for
both; recall is the share of each class that the vote finds among the test images, dropout off.
Folders after --earlier are copies of RUN from before its end (`cp -r`), of which the size is told.
"""

import argparse
from pathlib import Path

import jax
import jax.numpy as jnp
import numpy as np
from harness import machine, save

from latticework.models.glom_weights import read_weights
from latticework.recipes import recipe
from latticework.recipes.glom_recipe import GlomRecipe
from latticework.studies.glom_networks import require_glom
from latticework.tasks import DataSource
from latticework.train import checkpoint

BATCHES, BATCH = 20, 60
"""Of training images."""

TEST_BATCH = 100

EPOCH = 1000
"""Steps of an epoch."""


def main() -> None:
    """Ours, then the published ones."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("run", type=Path, help="a run of glom-mnist-faithful")
    parser.add_argument("--published", type=Path, required=True, help="the published weights")
    parser.add_argument("--earlier", type=Path, nargs="*", default=[], help="copies of the run")
    parser.add_argument("--save", type=Path, help="a checkout into whose results/ it goes")
    options = parser.parse_args()

    faithful = require_glom(recipe("glom-mnist-faithful"))
    growth = []
    for folder in [*options.earlier, options.run]:
        params, steps = stored(faithful, folder)
        growth.append({"steps": steps, "rms": size(params)})
    published = read_weights(options.published, faithful.nets)
    weights = {
        "ours": params,
        "published": {name: leaf[None] for name, leaf in published.items()},
    }
    rows = {name: measured(faithful, params) for name, params in weights.items()}
    for name, row in rows.items():
        print(name, row)
    record = {"machine": machine(), "train_images": BATCHES * BATCH, "weights": rows}
    save(options.save, "glom-published", {**record, "growth": growth})


def stored(faithful: GlomRecipe, folder: Path) -> tuple[dict, int]:
    """The parameters `[seed, net, ...]` of a checkpoint, and the steps that led to them."""
    like = {"params": jax.eval_shape(lambda: faithful.learner().init([0]))}
    state, meta = checkpoint.load(folder / "checkpoint.safetensors", like, partial=True)
    return state["params"], EPOCH * meta["epoch"] + meta["step"]


def size(params: dict) -> float:
    """Root mean square of the first layers' weights."""
    return float(np.sqrt(np.mean(np.asarray(params["weight1"], np.float64) ** 2)))


def measured(faithful: GlomRecipe, params: dict) -> dict[str, object]:
    """What is told of one set of weights, `[seed, net, ...]` of one seed."""
    recall, accuracy = recalls(faithful, params)
    return {
        "rms": size(params),
        "loss": loss(faithful, params),
        "accuracy": accuracy,
        "recall": recall,
    }


def loss(faithful: GlomRecipe, params: dict) -> float:
    """Mean loss while learning."""
    task, learner = faithful.task, faithful.learner()
    dataset = task.load(DataSource())

    @jax.jit
    def one(params, inputs, targets, key):
        return learner.updates(params, task.encode(inputs)[None], targets[None], key[None]).loss

    found = []
    for number, key in enumerate(jax.random.split(jax.random.key(0), BATCHES)):
        batch = slice(number * BATCH, (number + 1) * BATCH)
        targets = jnp.asarray(dataset.train_targets[batch], jnp.int32)
        found.append(one(params, dataset.train_inputs[batch], targets, key))
    return float(np.mean(found))


def recalls(faithful: GlomRecipe, params: dict) -> tuple[list[float], float]:
    """Recall of each class, and the share of all test images, by vote."""
    task, learner = faithful.task, faithful.learner()
    dataset = task.load(DataSource())
    says = jax.jit(lambda params, inputs: learner.scores(params, task.encode(inputs))[0].argmax(-1))
    number = len(dataset.test_targets)
    said = np.concatenate(
        [
            says(params, dataset.test_inputs[at : at + TEST_BATCH])
            for at in range(0, number, TEST_BATCH)
        ]
    )
    right = said == dataset.test_targets
    each = [float(right[dataset.test_targets == one].mean()) for one in range(10)]
    return each, float(right.mean())


if __name__ == "__main__":
    main()
