"""The published cell, rules and number of parameters in other wirings.

Settings are chosen on the last 5,000 training images: `benchmarks/rewired_search.py` is the search,
`results/benchmarks/rewired-search.json` what it found.
"""

from dataclasses import replace

from latticework.cells import LeakyTanh
from latticework.readouts import OutputCode, PortSum
from latticework.recipes.base import Published
from latticework.recipes.leaky_recipe import LeakyRecipe
from latticework.rules import Bptt, HopTrace
from latticework.tasks import RowImage
from latticework.topologies import RingLayers, Windows
from latticework.train import OptimiserConfig, TrainingConfig

OURS = "latticework"
BESIDE_GRID = Published(note="to compare with grid-snap1-adam, published 0.522")
BESIDE_GRID_SGD = Published(note="to compare with grid-snap1-sgd, published 0.320")
PAIRS = RingLayers((28,) * 10, 2, (1, 2, 4, 8, 14))


def _sgd(learning_rate: float) -> OptimiserConfig:
    """Plain steps; biases learn more slowly and time constants faster, as published."""
    return OptimiserConfig(
        name="sgd",
        learning_rate=learning_rate,
        group_scales=(("weight", 1.0), ("bias", 1 / 20), ("log_tau", 4.0)),
    )


RING_BPTT = LeakyRecipe(
    name="ring-bptt",
    summary="six layers on rings that all classes share, ten inputs a cell, by the true gradient",
    source=OURS,
    published=BESIDE_GRID,
    task=RowImage(gain=2.0),
    topology=RingLayers((20, 14, 14, 14, 20, 10), 10, (2, 1, 1, 1, 1, 1)),
    cell=LeakyTanh(tau_min=0.2e-3, tau_max=2e-3, weight_gain=1.2, weight_draw="signs"),
    rule=Bptt(),
    optimiser=OptimiserConfig(learning_rate=1.2e-2, schedule="cosine"),
    training=TrainingConfig(epochs=30, batch_size=64),
)

RING_SNAP1 = replace(
    RING_BPTT,
    name="ring-snap1",
    summary="seven layers on rings, six inputs a cell, by the one-hop local rule",
    topology=RingLayers((28, 20, 20, 20, 20, 20, 10), 6, (1, 2, 3)),
    cell=LeakyTanh(tau_min=0.15e-3, tau_max=0.5e-3, weight_gain=1.2, weight_draw="signs"),
    rule=HopTrace(hops=1),
)

RING_SNAP0 = replace(
    RING_SNAP1,
    name="ring-snap0",
    summary="the same layers, each cell keeping traces of itself alone (hop 0)",
    rule=HopTrace(hops=0),
)

RING_SNAP1_SGD = replace(
    RING_SNAP1,
    name="ring-snap1-sgd",
    summary="four layers on rings as hardware would run them: batch 1, plain SGD, three passes",
    published=BESIDE_GRID_SGD,
    topology=RingLayers((30, 26, 26, 10), 10, (2, 3, 1, 1)),
    optimiser=_sgd(5e-3),
    training=TrainingConfig(epochs=3, batch_size=1),
)

RING_SNAP1_SGD_LONG = replace(
    RING_SNAP1_SGD,
    name="ring-snap1-sgd-long",
    summary="ring-snap1-sgd for twenty passes",
    training=TrainingConfig(epochs=20, batch_size=1),
)

RING_PAIRS_BPTT = replace(
    RING_BPTT,
    name="ring-pairs-bptt",
    summary="the grid's own 280 cells of two inputs, only rewired, by the true gradient",
    topology=PAIRS,
)

RING_PAIRS_SNAP1 = replace(
    RING_SNAP1,
    name="ring-pairs-snap1",
    summary="the grid's own 280 cells of two inputs, only rewired, by the one-hop local rule",
    topology=PAIRS,
)

WINDOWS_CLOCK = LeakyRecipe(
    name="windows-clock",
    summary="140 cells that see five columns and a clock, read by fixed code words; no messages",
    source=OURS,
    published=BESIDE_GRID,
    task=RowImage(gain=2.0, clock=True),
    topology=Windows(clock=True),
    cell=LeakyTanh(tau_min=0.3e-3, tau_max=3e-3),
    readout=OutputCode(),
    rule=HopTrace(hops=0),
    optimiser=OptimiserConfig(learning_rate=1.5e-2, schedule="cosine"),
    training=TrainingConfig(epochs=30),
)

WINDOWS_CLOCK_ONE_WIRE = replace(
    WINDOWS_CLOCK,
    name="windows-clock-one-wire",
    summary="windows-clock with every cell read by one class, so that one error reaches it",
    readout=PortSum(),
)

WINDOWS_DELAYS = replace(
    WINDOWS_CLOCK,
    name="windows-delays",
    summary="80 cells that see four columns now and 3 and 6 steps ago, no clock; no messages",
    task=RowImage(gain=2.0, delays=(0, 3, 6)),
    topology=Windows(80, 4, num_copies=3),
)

WINDOWS_PLAIN = replace(
    WINDOWS_CLOCK,
    name="windows-plain",
    summary="70 cells that see fourteen neighbouring columns, no clock, no delays; no messages",
    task=RowImage(gain=2.0),
    topology=Windows(70, 14, 1),
)

WINDOWS_CLOCK_SGD = replace(
    WINDOWS_CLOCK,
    name="windows-clock-sgd",
    summary="140 cells, five columns and a clock, no messages: batch 1, plain SGD, three passes",
    published=BESIDE_GRID_SGD,
    topology=Windows(clock=True),
    optimiser=_sgd(1e-2),
    training=TrainingConfig(epochs=3, batch_size=1),
)

WINDOWS_DELAYS_SGD = replace(
    WINDOWS_DELAYS,
    name="windows-delays-sgd",
    summary="windows-delays without any clock: batch 1, plain SGD, three passes",
    published=BESIDE_GRID_SGD,
    optimiser=_sgd(1e-2),
    training=TrainingConfig(epochs=3, batch_size=1),
)

RING_560_BPTT = replace(
    RING_BPTT,
    name="ring-560-bptt",
    summary="layers on rings with half the parameters, by the true gradient",
    topology=RingLayers((14, 11, 11, 10), 10, (2, 1, 1, 1)),
)

RING_560_SNAP1 = replace(
    RING_SNAP1,
    name="ring-560-snap1",
    summary="layers on rings with half the parameters, by the one-hop local rule",
    topology=RingLayers((20, 14, 14, 12, 10), 6, (1, 2, 3, 1, 1)),
)

WINDOWS_560 = replace(
    WINDOWS_CLOCK,
    name="windows-560",
    summary="windows-clock with half the cells",
    topology=Windows(70, clock=True),
)

RING_280_BPTT = replace(
    RING_BPTT,
    name="ring-280-bptt",
    summary="layers on rings with a quarter of the parameters, by the true gradient",
    topology=RingLayers((14, 11, 10), 6, (2, 1, 1)),
)

RING_280_SNAP1 = replace(
    RING_SNAP1,
    name="ring-280-snap1",
    summary="layers on rings with a quarter of the parameters, by the one-hop local rule",
    topology=RingLayers((14, 11, 10), 6, (2, 1, 1)),
)

WINDOWS_280 = replace(
    WINDOWS_CLOCK,
    name="windows-280",
    summary="windows-clock with a quarter of the cells",
    topology=Windows(35, clock=True),
)


def _on(base: LeakyRecipe, task: RowImage, ending: str, words: str) -> LeakyRecipe:
    """A recipe on other data."""
    name, summary = f"{base.name}-{ending}", f"{base.name} {words}"
    return replace(base, name=name, summary=summary, published=Published(), task=task)


_FASHION = "fashion-mnist"
_ON_FASHION = ("fashion", "on Fashion-MNIST")
_IN_OTHER_ORDER = ("columns", "with the columns in another order")
_OTHER_DATA = (
    _on(RING_BPTT, RowImage(_FASHION, gain=2.0), *_ON_FASHION),
    _on(RING_SNAP1, RowImage(_FASHION, gain=2.0), *_ON_FASHION),
    _on(WINDOWS_CLOCK, RowImage(_FASHION, gain=2.0, clock=True), *_ON_FASHION),
    _on(RING_BPTT, RowImage(gain=2.0, column_seed=1), *_IN_OTHER_ORDER),
    _on(RING_SNAP1, RowImage(gain=2.0, column_seed=1), *_IN_OTHER_ORDER),
    _on(WINDOWS_CLOCK, RowImage(gain=2.0, clock=True, column_seed=1), *_IN_OTHER_ORDER),
)

REWIRED_RECIPES = (
    RING_BPTT,
    RING_SNAP1,
    RING_SNAP0,
    RING_SNAP1_SGD,
    RING_SNAP1_SGD_LONG,
    RING_PAIRS_BPTT,
    RING_PAIRS_SNAP1,
    WINDOWS_CLOCK,
    WINDOWS_CLOCK_ONE_WIRE,
    WINDOWS_DELAYS,
    WINDOWS_PLAIN,
    WINDOWS_CLOCK_SGD,
    WINDOWS_DELAYS_SGD,
    RING_560_BPTT,
    RING_560_SNAP1,
    WINDOWS_560,
    RING_280_BPTT,
    RING_280_SNAP1,
    WINDOWS_280,
    *_OTHER_DATA,
)
