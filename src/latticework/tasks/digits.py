"""The 8x8 digits that come with scikit-learn, made 28x28: for a machine with nothing else."""

from functools import cache

import numpy as np

from latticework.tasks.catalogue import SIDE

NUM_TRAIN, NUM_TEST = 1_500, 297
"""The first 1,500 of the 1,797 images are for training, the others for the test."""

_SMALL = 8
_LEVELS = 16


@cache
def digits() -> tuple[np.ndarray, np.ndarray]:
    """All 1,797 images and classes, in the order of scikit-learn's file.

    Bilinear between pixel centres, edges repeated, in integers, so that every machine gets the
    same bytes: `rint(255/16 U p U^T)` with p in 0..16 and U the 28x8 interpolation.

    Returns:
        Images uint8 `[1797, 28, 28]` and classes int32 `[1797]`; both read-only.

    Reference: E. Alpaydin, C. Kaynak, "Optical Recognition of Handwritten Digits", UCI Machine
    Learning Repository (1998), doi:10.24432/C50P49; scikit-learn ships its test part.
    """
    from sklearn.datasets import load_digits  # takes a second, and few runs need it

    bunch = load_digits()
    weights, unit = _interpolation()
    small = np.asarray(bunch.images).astype(np.int64)  # pyright: ignore[reportAttributeAccessIssue]
    large = weights @ small @ weights.T
    full = _LEVELS * unit * unit
    images = ((2 * 255 * large + full) // (2 * full)).astype(np.uint8)
    classes = np.asarray(bunch.target).astype(np.int32)  # pyright: ignore[reportAttributeAccessIssue]
    images.setflags(write=False)
    classes.setflags(write=False)
    return images, classes


def _interpolation() -> tuple[np.ndarray, int]:
    """Bilinear weights `[28, 8]` as integers, and what each row sums to."""
    unit = 2 * SIDE
    weights = np.zeros((SIDE, _SMALL), dtype=np.int64)
    for pixel in range(SIDE):
        # centre of the large pixel on the small grid, in 1/unit: (pixel + 1/2) 8/28 - 1/2
        position = (2 * pixel + 1) * _SMALL - SIDE
        position = min(max(position, 0), (_SMALL - 1) * unit)
        left, part = divmod(position, unit)
        weights[pixel, left] += unit - part
        weights[pixel, min(left + 1, _SMALL - 1)] += part
    return weights, unit
