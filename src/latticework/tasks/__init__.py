"""What the data is: data files, their sources, and one file per task."""

from latticework.core.registry import Registry
from latticework.core.task import AbstractTask
from latticework.tasks.bump import Bump
from latticework.tasks.cache import cache_folder
from latticework.tasks.fallback import resolve
from latticework.tasks.permuted_image import PermutedImage
from latticework.tasks.pixel_image import PixelImage
from latticework.tasks.projection import sparse_projection
from latticework.tasks.row_image import RowImage
from latticework.tasks.sources import DataSource, NoDataError, data_status, fetch

TASKS: Registry[AbstractTask] = Registry(
    "task",
    {
        "row_image": RowImage,
        "pixel_image": PixelImage,
        "permuted_image": PermutedImage,
        "bump": Bump,
    },
    examples={
        "row_image": (RowImage("digits"), RowImage("digits", channels=12)),
        "pixel_image": (PixelImage("digits"),),
        "permuted_image": (PermutedImage("digits"),),
        "bump": (Bump(num_train=20, num_test=10),),
    },
)

__all__ = [
    "TASKS",
    "Bump",
    "DataSource",
    "NoDataError",
    "PermutedImage",
    "PixelImage",
    "RowImage",
    "cache_folder",
    "data_status",
    "fetch",
    "resolve",
    "sparse_projection",
]
