"""What the data is: files, caches, encoders; one file per task, listed here."""

from latticework.core.places import cache_folder
from latticework.core.registry import Registry
from latticework.core.task import AbstractTask, Dataset
from latticework.tasks.bump import Bump
from latticework.tasks.idx import read_idx
from latticework.tasks.image_folder import ImageFolder
from latticework.tasks.image_task import AbstractImageTask
from latticework.tasks.images import IMAGE_SETS, Images, ImageSet, fetch
from latticework.tasks.patch_image import PatchImage
from latticework.tasks.permuted_image import PermutedImage
from latticework.tasks.pixel_image import PixelImage
from latticework.tasks.projection import SparseProjection
from latticework.tasks.resolve import resolve, without_fallback
from latticework.tasks.row_image import RowImage
from latticework.tasks.sources import DataSource, NoDataError
from latticework.tasks.spike_codes import CODES, PoissonIntervals, Ramp, RankOrder
from latticework.tasks.status import data_status
from latticework.tasks.stored_images import AbstractStoredImages
from latticework.tasks.wave_image import WaveImage

TASKS: Registry[AbstractTask] = Registry(
    "task",
    {
        "row_image": RowImage,
        "pixel_image": PixelImage,
        "permuted_image": PermutedImage,
        "patch_image": PatchImage,
        "wave_image": WaveImage,
        "bump": Bump,
        "image_folder": ImageFolder,
    },
    examples={
        # Made when asked for: a projection computes, and an import must leave JAX unstarted.
        "row_image": lambda: (
            RowImage("digits"),
            RowImage("digits", channels=12),
            RowImage("digits", delays=(0, 3), clock=True, column_seed=1),
        ),
        "pixel_image": lambda: (PixelImage("digits"), PixelImage("digits", channels=28)),
        "permuted_image": (PermutedImage("digits", seed=3),),
        "patch_image": (PatchImage("digits"), PatchImage("digits", patch=4)),
        "wave_image": (
            WaveImage("digits"),
            WaveImage("digits", crop=13, lines=3, stride=2, polarity="on_off"),
        ),
        "bump": (Bump(num_classes=3, num_steps=20, num_channels=4, num_train=50, num_test=20),),
    },
)

__all__ = [
    "CODES",
    "IMAGE_SETS",
    "TASKS",
    "AbstractImageTask",
    "AbstractStoredImages",
    "Bump",
    "DataSource",
    "Dataset",
    "ImageFolder",
    "ImageSet",
    "Images",
    "NoDataError",
    "PatchImage",
    "PermutedImage",
    "PixelImage",
    "PoissonIntervals",
    "Ramp",
    "RankOrder",
    "RowImage",
    "SparseProjection",
    "WaveImage",
    "cache_folder",
    "data_status",
    "fetch",
    "read_idx",
    "resolve",
    "without_fallback",
]
