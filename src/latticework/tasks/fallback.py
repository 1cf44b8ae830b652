"""What to do where MNIST cannot be had: the embedded digits, and a sentence that says so."""

import dataclasses

from latticework.core.task import AbstractTask, Dataset
from latticework.tasks.permuted_image import PermutedImage
from latticework.tasks.pixel_image import PixelImage
from latticework.tasks.row_image import RowImage
from latticework.tasks.sources import DataSource, NoDataError

EMBEDDED = "digits"


def resolve(
    task: AbstractTask, source: DataSource, *, may_fall_back: bool = False
) -> tuple[AbstractTask, Dataset]:
    """Load a task's data; with `may_fall_back`, the embedded digits in place of missing MNIST.

    Returns:
        The task that is really run, and its data, whose `notice` is not empty after a fall-back.

    Raises:
        ValueError: the data are damaged.
        NoDataError: no source has them.
    """
    try:
        return task, task.load(source)
    except NoDataError as error:
        is_image_task = isinstance(task, RowImage | PixelImage | PermutedImage)
        if not (may_fall_back and is_image_task and task.dataset == "mnist"):
            raise
        embedded = dataclasses.replace(task, dataset=EMBEDDED)
        notice = (
            "this is NOT MNIST but scikit-learn's 8x8 digits enlarged to 28x28, so no number here "
            f"compares with a published one, because {error}"
        )
        return embedded, dataclasses.replace(embedded.load(source), notice=notice)
