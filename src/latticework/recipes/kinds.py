"""What a stored recipe may be made of: the registries, and each family's own parts."""

from latticework.cells import CELLS, LATTICE_CELLS
from latticework.cells.consensus import ATTENTIONS, CONSENSUSES
from latticework.cells.front_end import FrontEnd
from latticework.cells.level_nets import LevelNets
from latticework.core.fixed_point import FixedPoint
from latticework.models import LATTICE_INPUTS, Mismatch
from latticework.models.glom_lessons import Denoising, Evolution, Persistence
from latticework.readouts import CLASSIFIERS, LATTICE_READOUTS, READOUTS
from latticework.readouts.site_vote import SiteReadout
from latticework.recipes.base import Published
from latticework.recipes.glom_recipe import GlomRecipe
from latticework.recipes.gridnet_recipe import GridnetRecipe
from latticework.recipes.leaky_recipe import LeakyRecipe
from latticework.recipes.wave_recipe import WaveRecipe
from latticework.rules import RULES, SIGNALS, NonIdealities, Stdp
from latticework.schedules import LATTICE_SCHEDULES, SCHEDULES
from latticework.schedules.settling import Settling, Snapshots
from latticework.tasks import CODES, TASKS
from latticework.topologies import (
    LATTICES,
    TOPOLOGIES,
    Buffer,
    Column,
    Columns,
    Inputs,
    Link,
    Uniform,
)
from latticework.train import OptimiserConfig, Protocol, StagingConfig, TrainingConfig

REGISTRIES = (
    *(TOPOLOGIES, CELLS, SCHEDULES, READOUTS, RULES, SIGNALS, TASKS),
    *(LATTICES, LATTICE_CELLS, LATTICE_SCHEDULES, LATTICE_READOUTS, LATTICE_INPUTS),
    *(ATTENTIONS, CONSENSUSES),
    *(CODES, CLASSIFIERS),
)
"""Parts that are chosen by name."""

PARTS = (
    *(Published, OptimiserConfig, TrainingConfig, FixedPoint),
    *(LeakyRecipe, NonIdealities, Mismatch),
    *(GridnetRecipe,),
    *(GlomRecipe, LevelNets, FrontEnd, Settling, Snapshots, SiteReadout),
    *(Denoising, Persistence, Evolution),
    *(WaveRecipe, StagingConfig, Columns, Inputs, Column, Buffer, Link, Uniform, Stdp, Protocol),
)
"""Parts that are named by their class."""
