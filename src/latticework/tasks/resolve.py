"""The task that is really run, once it is known which data there is."""

import dataclasses

from latticework.core.task import AbstractTask, Dataset
from latticework.tasks.image_folder import ImageFolder
from latticework.tasks.sources import DataSource
from latticework.tasks.stored_images import AbstractStoredImages


def resolve(
    task: AbstractTask, source: DataSource, *, strict: bool = False
) -> tuple[AbstractTask, Dataset]:
    """Load the data of `task`, and return the task that goes with what was loaded.

    Without a fall-back that is `task` itself. When the embedded digits stand in for MNIST it is
    `task` with `dataset="digits"`: the shapes are the same, so that
    every recipe runs unchanged, and a run folder records what was really learned. A folder of
    photographs that only `source` names is named in the task, too.

    Args:
        task: what was asked for.
        source: where to look for its data.
        strict: whether nothing may take their place.

    Raises:
        ValueError: the data is not what it should be.
        NoDataError: the data cannot be had.
        OSError: a file cannot be read, or the cache folder cannot be written.
    """
    data = (without_fallback(task) if strict else task).load(source)
    if isinstance(task, AbstractStoredImages) and data.name != task.dataset:
        task = dataclasses.replace(task, dataset=data.name)  # pyright: ignore[reportArgumentType]
    if isinstance(task, ImageFolder) and not task.folder:
        task = dataclasses.replace(task, folder=data.origin)
    return task, data


def without_fallback(task: AbstractTask) -> AbstractTask:
    """`task` on its own data or none: what is measured on other data answers another question."""
    if isinstance(task, AbstractStoredImages):
        return dataclasses.replace(task, fallback=False)  # pyright: ignore[reportArgumentType]
    return task
