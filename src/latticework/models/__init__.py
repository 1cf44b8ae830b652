"""Named assemblies and the learners that train them; composition only."""

from latticework.models.assemblies import diagonal, grid, leaky_network, small_world, tree
from latticework.models.leaky import LeakyLearner
from latticework.models.mismatch import Mismatch
from latticework.models.streaming import StreamingLearner

__all__ = [
    "LeakyLearner",
    "Mismatch",
    "StreamingLearner",
    "diagonal",
    "grid",
    "leaky_network",
    "small_world",
    "tree",
]
