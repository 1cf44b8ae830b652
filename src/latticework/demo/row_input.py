"""How an image becomes a sequence, in words and numbers that the page understands."""

from typing import Any

import jax.numpy as jnp
import numpy as np

from latticework.core.checks import require
from latticework.core.task import AbstractTask
from latticework.tasks import AbstractImageTask
from latticework.tasks.image_task import NUM_PIXELS


def row_input(task: AbstractTask) -> tuple[dict[str, Any], dict[str, np.ndarray]]:
    """Description and tensors of a task's encoding.

    Raises:
        ValueError: the task does not look at images.
    """
    if not isinstance(task, AbstractImageTask):
        raise ValueError(
            f"{type(task).__name__} is not a task on images, and the page draws images; export a "
            "run on MNIST or its kin"
        )
    order = np.asarray(task.arrange(jnp.arange(NUM_PIXELS, dtype=jnp.int32)))
    require(
        order.shape == (NUM_PIXELS,), f"the task shows {order.shape} pixels, {NUM_PIXELS} expected"
    )
    tensors: dict[str, np.ndarray] = {}
    encoding = task.byte_encoding()
    if encoding is not None and task.shown_per_step != task.pixels_per_step:
        tensors["input.codes"] = encoding.table()
        tensors["input.values"] = np.asarray(encoding.values, np.float32)
    elif np.any(order != np.arange(NUM_PIXELS)):
        tensors["input.order"] = order
    if task.projection is not None:
        tensors["input.projection"] = task.projection.matrix()
    words = {
        "per_step": task.pixels_per_step,
        "channels": task.num_channels,
        "gain": task.gain,
    }
    return words, tensors
