"""Named assemblies and the learners that train them; composition only."""

from latticework.models.assemblies import diagonal, grid, leaky_network, small_world, tree
from latticework.models.gridnet import Gridnet, GridnetParams
from latticework.models.gridnet_learner import GridnetLearner
from latticework.models.lattice_inputs import (
    LATTICE_INPUTS,
    AbstractLatticeInput,
    ImageFace,
    PatchFaces,
)
from latticework.models.leaky import LeakyLearner
from latticework.models.mismatch import Mismatch
from latticework.models.simulate import Simulation, simulate
from latticework.models.streaming import StreamingLearner
from latticework.models.tnn import TnnLearner

__all__ = [
    "LATTICE_INPUTS",
    "AbstractLatticeInput",
    "Gridnet",
    "GridnetLearner",
    "GridnetParams",
    "ImageFace",
    "LeakyLearner",
    "Mismatch",
    "PatchFaces",
    "Simulation",
    "StreamingLearner",
    "TnnLearner",
    "diagonal",
    "grid",
    "leaky_network",
    "simulate",
    "small_world",
    "tree",
]
