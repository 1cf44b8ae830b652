"""latticework: lattices of simple cells that learn by local or exact rules."""

from latticework.cells import LeakyTanh
from latticework.core.network import Network
from latticework.models import (
    LeakyLearner,
    StreamingLearner,
    diagonal,
    grid,
    leaky_network,
    small_world,
    tree,
)
from latticework.readouts import PortSum
from latticework.recipes import RECIPES, recipe
from latticework.rules import Bptt, Broadcast, HopTrace, Message, NonIdealities, Rtrl
from latticework.schedules import Wavefront
from latticework.topologies import Diagonal, Grid, SmallWorld, Tree

__all__ = [
    "RECIPES",
    "Bptt",
    "Broadcast",
    "Diagonal",
    "Grid",
    "HopTrace",
    "LeakyLearner",
    "LeakyTanh",
    "Message",
    "Network",
    "NonIdealities",
    "PortSum",
    "Rtrl",
    "SmallWorld",
    "StreamingLearner",
    "Tree",
    "Wavefront",
    "diagonal",
    "grid",
    "leaky_network",
    "recipe",
    "small_world",
    "tree",
]
