"""Pictures of networks and runs, saved as files, and drawings for a terminal."""

from latticework.pictures import drawing_library  # noqa: F401 - before all others

# isort: split
from latticework.pictures.activity_gif import activity_gif
from latticework.pictures.activity_sheet import activity_sheet
from latticework.pictures.cell_maps import cell_maps
from latticework.pictures.confusion import confusion_matrix, count_confusions
from latticework.pictures.cube import cube_slices, signal_reach
from latticework.pictures.cube_gif import cube_gif
from latticework.pictures.episode import Episode, record
from latticework.pictures.hero import hero
from latticework.pictures.hop_cosine import hop_cosine
from latticework.pictures.learning_curve import learning_curve
from latticework.pictures.reach_panels import reach_panels
from latticework.pictures.run_pictures import save_run_pictures
from latticework.pictures.sweep_panels import sweep_panels
from latticework.pictures.terminal import draw_text

__all__ = [
    "Episode",
    "activity_gif",
    "activity_sheet",
    "cell_maps",
    "confusion_matrix",
    "count_confusions",
    "cube_gif",
    "cube_slices",
    "draw_text",
    "hero",
    "hop_cosine",
    "learning_curve",
    "reach_panels",
    "record",
    "save_run_pictures",
    "signal_reach",
    "sweep_panels",
]
