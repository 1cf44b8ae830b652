"""Named assemblies and the learners that train them; composition only."""

from latticework.models.assemblies import diagonal, grid, leaky_network, small_world, tree
from latticework.models.leaky import LeakyLearner
from latticework.models.streaming import StreamingLearner
from latticework.models.tnn import TnnLearner

__all__ = [
    "LeakyLearner",
    "StreamingLearner",
    "TnnLearner",
    "diagonal",
    "grid",
    "leaky_network",
    "small_world",
    "tree",
]
