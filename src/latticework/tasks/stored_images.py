"""What all tasks on stored images share: loading, and the digits that may stand in for MNIST."""

from latticework.core.task import AbstractTask, Dataset
from latticework.tasks.catalogue import NUM_CLASSES
from latticework.tasks.digits import NUM_TEST as NUM_TEST_DIGITS
from latticework.tasks.digits import NUM_TRAIN as NUM_TRAIN_DIGITS
from latticework.tasks.images import EMBEDDED, Images, ImageSet, fetch
from latticework.tasks.sources import DataSource, NoDataError

FALLBACK_FROM = "mnist"
"""The one data set that the embedded digits may stand in for."""


NOTICE = (
    "MNIST could not be had, so this run uses scikit-learn's 8x8 digits enlarged to 28x28 "
    f"({NUM_TRAIN_DIGITS:,} for training, {NUM_TEST_DIGITS} for the test), and its accuracy cannot "
    "be compared with published numbers; name a folder with MNIST with --data-dir to change that"
)
"""The sentence that announces the fall-back; why each source failed follows."""


class AbstractStoredImages(AbstractTask):
    """A task on one of the image data sets.

    The final classes are frozen dataclasses with these fields:

    Args:
        dataset: "mnist", "fashion-mnist", "digits" or "own" (the user's own files).
        fallback: when MNIST cannot be had from anywhere and no data folder is named, load the
            embedded digits and say so, with every reason, in `Dataset.notice`. It never replaces
            another data set, nor what a named folder should have.
    """

    dataset: ImageSet
    fallback: bool

    @property
    def num_classes(self) -> int:
        """Ten, for every image data set."""
        return NUM_CLASSES

    def load(self, source: DataSource) -> Dataset:
        """Read the images; `Dataset.name` and `notice` say when they are not those asked for.

        Args:
            source: where to look.

        Raises:
            NoDataError: the files cannot be had and nothing may replace them.
            ValueError: a file is not what it should be.
            OSError: a file cannot be read, or the cache folder cannot be written.
        """
        try:
            images = fetch(self.dataset, source)
        except NoDataError as error:
            may_fall_back = self.fallback and self.dataset == FALLBACK_FROM
            if not may_fall_back or source.folder is not None:
                raise
            notice = f"{NOTICE} ({'; '.join(error.reasons)})."
            return _dataset(fetch(EMBEDDED, source), EMBEDDED, notice)
        return _dataset(images, self.dataset, "")


def _dataset(images: Images, name: str, notice: str) -> Dataset:
    """`images` as the training loop takes them."""
    return Dataset(
        train_inputs=images.train_images,
        train_targets=images.train_classes,
        test_inputs=images.test_images,
        test_targets=images.test_classes,
        name=name,
        notice=notice,
        num_classes=NUM_CLASSES,
        origin=images.origin,
    )
