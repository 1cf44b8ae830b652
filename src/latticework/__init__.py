"""latticework: lattices of simple cells that learn by local or exact rules."""

from latticework.cells import LeakyTanh
from latticework.core.network import Network
from latticework.models import (
    LeakyLearner,
    Simulation,
    StreamingLearner,
    diagonal,
    grid,
    leaky_network,
    simulate,
    small_world,
    tree,
)
from latticework.readouts import PortSum
from latticework.recipes import RECIPES, recipe
from latticework.rules import Bptt, Broadcast, HopTrace, Message, NonIdealities, Rtrl, Stdp
from latticework.schedules import Wave, Wavefront, corrected
from latticework.tasks import PoissonIntervals, Ramp, RankOrder
from latticework.topologies import (
    Buffer,
    Column,
    Columns,
    Diagonal,
    Grid,
    Inputs,
    Link,
    SmallWorld,
    Tree,
    Uniform,
)

__all__ = [
    "RECIPES",
    "Bptt",
    "Broadcast",
    "Buffer",
    "Column",
    "Columns",
    "Diagonal",
    "Grid",
    "HopTrace",
    "Inputs",
    "LeakyLearner",
    "LeakyTanh",
    "Link",
    "Message",
    "Network",
    "NonIdealities",
    "PoissonIntervals",
    "PortSum",
    "Ramp",
    "RankOrder",
    "Rtrl",
    "Simulation",
    "SmallWorld",
    "Stdp",
    "StreamingLearner",
    "Tree",
    "Uniform",
    "Wave",
    "Wavefront",
    "corrected",
    "diagonal",
    "grid",
    "leaky_network",
    "recipe",
    "simulate",
    "small_world",
    "tree",
]
