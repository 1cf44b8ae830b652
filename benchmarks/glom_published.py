"""The weights of our own faithful GLOM beside the published ones: size, loss, recall of each class.

    python benchmarks/glom_published.py RUN --published FILE --save .

RUN is the folder of a run of `glom-mnist-faithful`, and FILE is `published_weights.npz`, which is
not part of this package. Size is the root mean square of the first layers' weights; the loss is
that while learning (dropout and noise on) of the first 1,200 training images, the same draws for
both; recall is the share of each class that the vote finds among the test images, dropout off.
Folders after --earlier are copies of RUN from before its end (`cp -r`), of which the size is told.
"""

import argparse
import dataclasses
from pathlib import Path

import jax
import jax.numpy as jnp
import numpy as np
from harness import machine, save

from latticework.core.task import Dataset
from latticework.models.glom_weights import read_weights
from latticework.recipes import OpenRun, open_run
from latticework.studies.glom_networks import require_glom
from latticework.studies.measurement import confusions, load_dataset
from latticework.tasks import DataSource
from latticework.train import checkpoint

BATCHES, BATCH = 20, 60
"""Of training images."""


def main() -> None:
    """Ours, then the published ones."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("run", type=Path, help="a run of glom-mnist-faithful")
    parser.add_argument("--published", type=Path, required=True, help="the published weights")
    parser.add_argument("--earlier", type=Path, nargs="*", default=[], help="copies of the run")
    parser.add_argument("--save", type=Path, help="a checkout into whose results/ it goes")
    options = parser.parse_args()

    ours = open_run(options.run)
    dataset = load_dataset(ours, DataSource())
    stages = [*map(open_run, options.earlier), ours]
    growth = [{"steps": steps(stage, dataset), "rms": size(stage)} for stage in stages]
    theirs = read_weights(options.published, require_glom(ours.recipe).nets)
    published = dataclasses.replace(
        ours, params={name: leaf[None] for name, leaf in theirs.items()}
    )
    rows = {}
    for name, opened in (("ours", ours), ("published", published)):
        rows[name] = measured(opened, dataset)
        print(name, rows[name], flush=True)
    record = {"machine": machine(), "train_images": BATCHES * BATCH, "weights": rows}
    save(options.save, "glom-published", {**record, "growth": growth})


def steps(opened: OpenRun, dataset: Dataset) -> int:
    """The training steps behind a checkpoint."""
    meta = checkpoint.read_meta(opened.folder.checkpoint)
    return opened.recipe.training.steps_per_epoch(dataset) * meta["epoch"] + meta["step"]


def size(opened: OpenRun) -> float:
    """Root mean square of the first layers' weights."""
    return float(np.sqrt(np.mean(np.asarray(opened.params["weight1"], np.float64) ** 2)))


def measured(opened: OpenRun, dataset: Dataset) -> dict[str, object]:
    """What is told of one set of weights."""
    counts = confusions(opened, dataset, opened.seeds[0])
    found = np.diag(counts)
    return {
        "rms": size(opened),
        "loss": loss(opened, dataset),
        "accuracy": float(found.sum() / counts.sum()),
        "recall": (found / counts.sum(axis=1)).tolist(),
    }


def loss(opened: OpenRun, dataset: Dataset) -> float:
    """Mean loss while learning."""
    learner, encode = opened.recipe.learner(), opened.recipe.task.encode

    @jax.jit
    def one(params, inputs, targets, key):
        return learner.updates(params, encode(inputs)[None], targets[None], key[None]).loss

    found = []
    for number, key in enumerate(jax.random.split(jax.random.key(0), BATCHES)):
        batch = slice(number * BATCH, (number + 1) * BATCH)
        targets = jnp.asarray(dataset.train_targets[batch], jnp.int32)
        found.append(one(opened.params, dataset.train_inputs[batch], targets, key))
    return float(np.mean(found))


if __name__ == "__main__":
    main()
