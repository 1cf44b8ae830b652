"""Scikit-learn's 8x8 digits: embedded, for a machine that can get nothing else."""

import numpy as np

from latticework.tasks.catalogue import SIDE

NUM_TRAIN = 1500
"""The first so many of the 1,797 images are learned from, the others tested on."""

_MAX_INK = 16


def load_digits() -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Training images, training classes, test images, test classes.

    The images are enlarged to 28x28 (bilinear) and scaled to 0..255, so that a network made for
    MNIST takes them unchanged.

    Source: E. Alpaydin and C. Kaynak, Optical Recognition of Handwritten Digits, UCI, 1998, as
    embedded in scikit-learn.
    """
    # A second's import that only this data set needs.
    from PIL import Image
    from sklearn.datasets import load_digits as embedded

    bunch = embedded()
    ink = (np.asarray(bunch["images"]) * (255 / _MAX_INK)).astype(np.uint8)
    size = (SIDE, SIDE)
    images = np.stack(
        [
            np.asarray(Image.fromarray(image).resize(size, Image.Resampling.BILINEAR))
            for image in ink
        ]
    )
    classes = np.asarray(bunch["target"]).astype(np.uint8)
    return images[:NUM_TRAIN], classes[:NUM_TRAIN], images[NUM_TRAIN:], classes[NUM_TRAIN:]
