"""A finished run measured again: accuracy per seed, and which class is taken for which."""

from collections.abc import Iterator

import jax
import jax.numpy as jnp
import numpy as np

from latticework.core.checks import require
from latticework.core.learner import Params
from latticework.core.precision import whole_products
from latticework.core.task import Dataset
from latticework.pictures import count_confusions
from latticework.recipes import OpenRun
from latticework.tasks import DataSource, ImageFolder, without_fallback
from latticework.train import Evaluator, data_difference


def load_dataset(opened: OpenRun, source: DataSource) -> Dataset:
    """The data that a run learned from; nothing takes their place.

    Raises:
        ValueError: they cannot be had, or are damaged; or a folder of photographs is said to lie
            elsewhere now, and what lies there is not what the run learned.
        OSError: a file cannot be read.
    """
    task = opened.recipe.task
    dataset = without_fallback(task).load(source)
    if isinstance(task, ImageFolder) and dataset.origin != task.folder:
        difference = data_difference(opened.folder, dataset)
        require(not difference, f"{opened.folder.path} cannot be measured there: {difference}")
    return dataset


@whole_products()
def accuracies(opened: OpenRun, dataset: Dataset) -> np.ndarray:
    """Accuracy on the whole test set, `[seed]`, measured as training measures it."""
    recipe = opened.recipe
    evaluator = Evaluator(
        recipe.learner(),
        recipe.task.encode,
        dataset.test_inputs,
        dataset.test_targets,
        recipe.eval_batch,
    )
    return evaluator.accuracy(opened.params)


@whole_products()
def confusions(opened: OpenRun, dataset: Dataset, seed: int) -> np.ndarray:
    """`[true class, predicted class]`: how many test examples, for one seed.

    Raises:
        ValueError: the seed was not run.
    """
    one = jax.tree.map(lambda leaf: jnp.asarray(leaf)[None], opened.params_of(seed))
    guesses = np.concatenate(list(_predictions(opened, one, dataset.test_inputs)))
    return count_confusions(dataset.test_targets, guesses, opened.recipe.task.num_classes)


def _predictions(opened: OpenRun, params: Params, inputs: np.ndarray) -> Iterator[np.ndarray]:
    """Predicted classes, batch by batch; the last batch is filled up to keep one program."""
    recipe = opened.recipe
    learner, encode, batch = recipe.learner(), recipe.task.encode, recipe.eval_batch

    @jax.jit
    def predict(raw):
        return jnp.argmax(learner.scores(params, encode(raw))[0], axis=-1)

    for start in range(0, len(inputs), batch):
        part = inputs[start : start + batch]
        filled = np.zeros((min(batch, len(inputs)), *inputs.shape[1:]), inputs.dtype)
        filled[: len(part)] = part
        yield np.asarray(predict(filled))[: len(part)]
