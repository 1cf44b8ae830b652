"""All studies by name."""

from latticework.core.registry import unknown_name
from latticework.studies.glom_islands import GlomIslands
from latticework.studies.glom_persistence import GlomPersistence
from latticework.studies.hops import Hops
from latticework.studies.precision import ERRORS, Precision
from latticework.studies.rewiring import Rewiring
from latticework.studies.robustness import Robustness
from latticework.studies.study import AbstractStudy
from latticework.studies.tnn import Tnn

STUDIES: dict[str, AbstractStudy] = {
    study.name: study
    for study in (
        Robustness(
            "robustness",
            "the published sweep of 50 measurement errors, with a spread over seeds",
            "T. Pluck, grid-neurons, 2026: 50 conditions, one seed",
        ),
        Robustness(
            "robustness-full",
            "the same errors in one pass over all 60,000 images, and with the error broadcast",
            "never run in the published work",
            seeds=3,
            train_size=None,
            epochs=1,
            signals=("message", "broadcast"),
        ),
        Hops(
            "hops",
            "what traces that reach further give and cost, on grid, tree and small world",
            "latticework",
        ),
        Tnn(
            "tnn",
            "every published temporal network, faithful and corrected, under both protocols",
            "project 18847-rTNN, 2020: one run each",
        ),
        Precision(
            "precision",
            "parameters and traces of few bits, and devices that differ",
            "latticework; named as open in the grid-neurons article",
        ),
        Rewiring(
            "rewiring",
            "shared layers, strides, fan-in, time constants, hops, messages: what does it",
            "latticework",
        ),
        Precision(
            "translation",
            "grid, trees, ring and the layer without messages under errors and with few bits",
            "the question of the grid-neurons article, asked of the rewired networks",
            recipes=("grid-best", "tree-best-snap1", "ring-snap1", "windows-clock"),
            sweeps=(
                "parameters, nearest",
                "traces, nearest",
                "gain, transferred",
                "time constant, transferred",
                *ERRORS,
            ),
        ),
        GlomIslands(
            "glom-islands",
            "islands of agreement per level and step, and whether they are parts of the digit",
            "the question that the GLOM notebook left open: are part-whole hierarchies found?",
        ),
        GlomPersistence(
            "glom-persistence",
            "is the answer held ten times longer than trained, and revised when the digit changes?",
            "latticework, after Self-classifying MNIST Digits",
        ),
    )
}


def study(name: str) -> AbstractStudy:
    """The study called `name`, with its usual options.

    Raises:
        ValueError: there is none; the message names those there are.
    """
    if name not in STUDIES:
        raise ValueError(unknown_name("study", name, STUDIES))
    return STUDIES[name]
