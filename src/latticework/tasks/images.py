"""The image data sets by name: 28x28 uint8 images in ten classes, split once."""

from dataclasses import dataclass
from pathlib import Path
from typing import Literal, get_args

import numpy as np

from latticework.core.checks import require
from latticework.core.registry import unknown_name
from latticework.tasks.catalogue import CATALOGUE, FILE_NAMES, NUM_CLASSES, SIDE
from latticework.tasks.digits import NUM_TRAIN as NUM_TRAIN_DIGITS
from latticework.tasks.digits import digits
from latticework.tasks.folders import find_file, lacking_text, set_folder
from latticework.tasks.idx import read_idx
from latticework.tasks.sources import DATA_VARIABLE, DataSource, load_known

EMBEDDED = "digits"
"""The data set that needs no file: scikit-learn's 8x8 digits, enlarged to 28x28."""

OWN = "own"
"""The user's own four IDX files in `<data folder>/own`, of the same form, with no checksum."""

ImageSet = Literal["mnist", "fashion-mnist", "digits", "own"]
"""Name of an image data set."""

IMAGE_SETS: tuple[ImageSet, ...] = get_args(ImageSet)


@dataclass(frozen=True)
class Images:
    """An image data set.

    Args:
        train_images: uint8 `[example, 28, 28]`.
        train_classes: int32 `[example]`, 0..9.
        test_images: uint8 `[example, 28, 28]`.
        test_classes: int32 `[example]`.
        origin: the folder that it was read from, or the package that embeds it.
    """

    train_images: np.ndarray
    train_classes: np.ndarray
    test_images: np.ndarray
    test_classes: np.ndarray
    origin: str


def check_image_set(name: str) -> None:
    """Raise ValueError unless `name` is an image data set."""
    require(name in IMAGE_SETS, unknown_name("data set", name, list(IMAGE_SETS)))


def fetch(name: str, source: DataSource) -> Images:
    """Load the image data set `name`, getting its files from `source` where they are needed.

    Args:
        name: one of `IMAGE_SETS`.
        source: folder, cache and network, in this order.

    Raises:
        NoDataError: no source has it; the sentence names each and why it failed.
        ValueError: there is no such set, or a file is not what it should be.
        OSError: a file cannot be read, or the cache folder cannot be written.
    """
    check_image_set(name)
    if name == EMBEDDED:
        require(
            source.data_dir is None,
            f"the {EMBEDDED} come with scikit-learn and are read from no folder; leave --data-dir "
            "out, or choose another data set",
        )
        images, classes = digits()
        n = NUM_TRAIN_DIGITS
        return Images(images[:n], classes[:n], images[n:], classes[n:], "scikit-learn")
    if name == OWN:
        return _own(source)
    return _images(*load_known(name, CATALOGUE[name], source))


def _own(source: DataSource) -> Images:
    """The user's own files."""
    named = source.folder
    if named is None:
        raise ValueError(
            f"the data set {OWN!r} is read from a folder {OWN}/ in your data folder; name it with "
            f"--data-dir or {DATA_VARIABLE}"
        )
    lacking = lacking_text(named, OWN, f"data set {OWN!r}", FILE_NAMES)
    require(not lacking, f"{source.name_of_folder} {lacking}; put them there")
    folder = set_folder(named, OWN, FILE_NAMES)
    arrays = []
    for file_name, rank in zip(FILE_NAMES, (3, 1, 3, 1), strict=True):
        path = find_file(folder, file_name) or folder / file_name
        array = read_idx(path, rank=rank).array
        if rank == 3:
            require(
                array.shape[1:] == (SIDE, SIDE),
                f"{path} holds images of {array.shape[1]} x {array.shape[2]} pixels; "
                f"{SIDE} x {SIDE} expected",
            )
        else:
            _check_classes(path, array, len(arrays[-1]))
        arrays.append(array)
    return _images(arrays, str(folder))


def _check_classes(path: Path, classes: np.ndarray, num_images: int) -> None:
    """Check that there is one class in 0..9 per image."""
    require(
        len(classes) == num_images,
        f"{path} holds {len(classes):,} classes for {num_images:,} images; one per image expected",
    )
    require(
        int(classes.max()) < NUM_CLASSES,
        f"{path} holds the class {int(classes.max())}; 0 to {NUM_CLASSES - 1} expected",
    )


def _images(arrays: list[np.ndarray], origin: str) -> Images:
    """The four arrays, classes as int32."""
    train_images, train_classes, test_images, test_classes = arrays
    return Images(
        train_images,
        train_classes.astype(np.int32),
        test_images,
        test_classes.astype(np.int32),
        origin,
    )
