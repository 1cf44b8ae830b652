"""Digits to choose from in the page: from the user's own data, never shipped, never downloaded."""

import base64
from typing import Any

import numpy as np

from latticework.tasks import DataSource, NoDataError, fetch

PER_CLASS = 12
FETCH = "latticework data --fetch mnist brings MNIST into the cache"


def samples(source: DataSource) -> dict[str, Any]:
    """Test images of each class, MNIST's where the folder or the cache has it, without a network.

    Raises:
        ValueError: a file in the user's folder is damaged, or it is named by --data-dir and lacks
            MNIST.
    """
    try:
        images, name, notice = fetch("mnist", source), "MNIST", ""
    except NoDataError:
        images, name = fetch("digits", source), "8x8 digits"
        lacking = f"{source.name_of_folder} has no MNIST; " if source.folder else ""
        notice = f"{lacking}scikit-learn's digits; {FETCH}"
    classes = images.test_classes
    chosen = [i for c in range(10) for i in np.flatnonzero(classes == c)[:PER_CLASS]]
    return {
        "dataset": name,
        "notice": notice,
        "labels": [int(classes[i]) for i in chosen],
        "images": base64.b64encode(images.test_images[chosen].tobytes()).decode(),
    }
