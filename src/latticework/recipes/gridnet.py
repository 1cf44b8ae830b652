"""The experiments of the gridnet family."""

from dataclasses import replace

from latticework.cells import GatedNeighbourMix, NeighbourMix
from latticework.models import ImageFace, PatchFaces
from latticework.recipes.base import Published
from latticework.recipes.gridnet_recipe import GridnetRecipe
from latticework.schedules import Blocked
from latticework.tasks import ImageFolder, RowImage
from latticework.topologies import Lattice
from latticework.train import OptimiserConfig, TrainingConfig

GRIDNET = "unixpickle, gridnet, 2024, github.com/unixpickle/gridnet"
MEAN, SD = 0.1307, 0.3081
"""Of MNIST's pixels in 0..1, as published."""

NO_NUMBERS = Published(note="no accuracy was published for any gridnet")
ADAMW = OptimiserConfig(learning_rate=1e-3, weight_decay=1e-3)

GRIDNET_MNIST_PUBLISHED = GridnetRecipe(
    name="gridnet-mnist-published",
    summary="a cube of 32x32x32 cells, 64 sweeps, 1,060,874 parameters, as published",
    source=GRIDNET,
    published=NO_NUMBERS,
    task=RowImage(gain=1.0),
    topology=Lattice((32, 32, 32)),
    cell=NeighbourMix("silu"),
    schedule=Blocked((8, 8, 8), inner_steps=1),
    image=ImageFace(28, 28, offset=2, mean=MEAN, sd=SD),
    outer_steps=64,
    optimiser=ADAMW,
    # 2,000 steps of 256 are eight and a half epochs.
    training=TrainingConfig(epochs=9, batch_size=256, eval_batch=256, eval_every=3),
)

GRIDNET_MNIST = replace(
    GRIDNET_MNIST_PUBLISHED,
    name="gridnet-mnist",
    summary="a box of 28x28x8 cells and 12 sweeps that two cores train in minutes",
    topology=Lattice((28, 28, 8)),
    schedule=Blocked((4, 4, 8), inner_steps=1),
    image=ImageFace(28, 28, offset=0, mean=MEAN, sd=SD),
    outer_steps=12,
    optimiser=OptimiserConfig(
        learning_rate=3e-3, weight_decay=1e-3, schedule="cosine", warmup_steps=100
    ),
    training=TrainingConfig(epochs=4, batch_size=64, eval_batch=500),
)

GRIDNET_MNIST_GATED = replace(
    GRIDNET_MNIST,
    name="gridnet-mnist-gated",
    summary="the same box with a gate in every cell that remembers",
    cell=GatedNeighbourMix("silu", remember_bias=2.0),
)

GRIDNET_MNIST_GATED_PUBLISHED = replace(
    GRIDNET_MNIST_PUBLISHED,
    name="gridnet-mnist-gated-published",
    summary="the published cube with gates, 1,945,610 parameters",
    cell=GatedNeighbourMix("silu", remember_bias=2.0),
)

GRIDNET_ECHO = replace(
    GRIDNET_MNIST,
    name="gridnet-echo",
    summary="copy the image to the far side: does a gradient come through?",
    published=Published(note="no error was published; the score is 1 less the mean squared error"),
    loss="echo",
)

GRIDNET_ECHO_GATED = replace(
    GRIDNET_ECHO,
    name="gridnet-echo-gated",
    summary="the same with a gate in every cell that remembers",
    cell=GatedNeighbourMix("silu", remember_bias=2.0),
)

GRIDNET_ECHO_PUBLISHED = replace(
    GRIDNET_MNIST_PUBLISHED,
    name="gridnet-echo-published",
    summary="copy the image to the far side of the published cube",
    published=GRIDNET_ECHO.published,
    loss="echo",
)

GRIDNET_IMAGENET_PUBLISHED = GridnetRecipe(
    name="gridnet-imagenet-published",
    summary="photographs of 256x256 in patches of 4, a cube of 64x64x64, 12 sweeps of 8 steps",
    source=GRIDNET,
    published=NO_NUMBERS,
    task=ImageFolder(),
    topology=Lattice((64, 64, 64)),
    cell=NeighbourMix("leaky_relu", residual_scale=0.5),
    schedule=Blocked((8, 8, 8), inner_steps=8),
    image=PatchFaces(
        side=256, patch=4, channels=8, mean=(0.485, 0.456, 0.406), sd=(0.229, 0.224, 0.225)
    ),
    outer_steps=12,
    optimiser=OptimiserConfig(learning_rate=1e-4, weight_decay=1e-3),
    training=TrainingConfig(epochs=1, batch_size=32, eval_batch=32),
)

GRIDNET_IMAGENET = replace(
    GRIDNET_IMAGENET_PUBLISHED,
    name="gridnet-imagenet",
    summary="photographs of 64x64 in patches of 4, a cube of 16x16x16, 4 sweeps of 8 steps",
    task=ImageFolder(side=64),
    topology=Lattice((16, 16, 16)),
    image=PatchFaces(
        side=64, patch=4, channels=8, mean=(0.485, 0.456, 0.406), sd=(0.229, 0.224, 0.225)
    ),
    outer_steps=4,
    optimiser=OptimiserConfig(learning_rate=1e-3, weight_decay=1e-3),
    training=TrainingConfig(epochs=10, batch_size=32, eval_batch=128),
)

GRIDNET_RECIPES = (
    GRIDNET_MNIST,
    GRIDNET_MNIST_GATED,
    GRIDNET_ECHO,
    GRIDNET_ECHO_GATED,
    GRIDNET_MNIST_PUBLISHED,
    GRIDNET_MNIST_GATED_PUBLISHED,
    GRIDNET_ECHO_PUBLISHED,
    GRIDNET_IMAGENET,
    GRIDNET_IMAGENET_PUBLISHED,
)
