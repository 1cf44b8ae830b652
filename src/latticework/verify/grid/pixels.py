"""The published encoding of MNIST: image row t is the input of step t."""

import numpy as np

GAIN = 10.0
"""Factor on pixels in 0..1 in all published runs."""


def encode_pixels(pixels: np.ndarray) -> np.ndarray:
    """uint8 `[image, time, channel]` to float32, with the two published roundings."""
    return (pixels.astype(np.float32) / np.float32(255)) * np.float32(GAIN)
