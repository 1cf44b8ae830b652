"""The experiments with temporal neural networks."""

from latticework.readouts import Logistic
from latticework.recipes.base import Published
from latticework.recipes.tnn_variants import VARIANTS
from latticework.recipes.tnn_versions import RTNN, V7_RECIPE, VERSIONS
from latticework.recipes.tnn_wirings import direct, patches
from latticework.recipes.wave_recipe import WaveRecipe
from latticework.tasks import WaveImage
from latticework.topologies import Columns, Inputs
from latticework.train import Protocol

OURS = "latticework"

LOGREG = WaveRecipe(
    "tnn-logreg",
    "no network: logistic regression on the 784 encoder counts of the whole image",
    RTNN,
    Published(
        test_accuracy=0.2222,
        checked=(0.873, 0.010),
        note="the published program trained on 11 images and tested on 9: 0.22, 0.11, 0.11 and "
        "0.56 are draws of that; re-simulated is a proper one on 1,000 images",
    ),
    task=WaveImage(lines=28),
    wiring=Columns((Inputs("image", width=784),), (), outputs=("image",)),
    classifier=Logistic(),
)

V7_ALONE = WaveRecipe(
    "tnn-v7-no-recurrence",
    "V7 without recurrence; all waves",
    OURS,
    Published(note="never run: the published comparison without recurrence reads the last wave"),
    wiring=direct(),
    classifier=V7_RECIPE.classifier,
)

BEST = WaveRecipe(
    "tnn-best",
    "one column of 64 shared by patches of 7x7 pixels, plasticity alone; all waves",
    OURS,
    Published(note="to compare with 0.753, the best published, and 0.87 without a network"),
    task=WaveImage(lines=7, stride=3),
    wiring=patches(width=7, stride=3, size=64, threshold=128, winners=6),
    semantics="corrected",
    classifier=Logistic(strength=0.1, iterations=100),
    protocol=Protocol("honest", examples=2000, read=60_000),
)

TNN_RECIPES: tuple[WaveRecipe, ...] = (*VERSIONS, *VARIANTS, LOGREG, V7_ALONE, BEST)
