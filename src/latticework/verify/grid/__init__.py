"""The golden files of grid-neurons."""

from latticework.verify.families import Family
from latticework.verify.grid.mnist import replay_mnist
from latticework.verify.grid.order import replay_order
from latticework.verify.grid.perturbations import replay_perturbations
from latticework.verify.grid.run6k import replay_run6k
from latticework.verify.grid.small import replay_small
from latticework.verify.grid.training import replay_training

GRID = Family(
    "grid",
    {
        "small_4x4_T1.npz": replay_small,
        "small_4x4_T5.npz": replay_small,
        "small_4x4_T20.npz": replay_small,
        "mnist_28x10_first8.npz": replay_mnist,
        "train_28x10.npz": replay_training,
        "perturb_4x4_T5.npz": replay_perturbations,
        "mnist_order.npz": replay_order,
        "run6k_float32.npz": replay_run6k,
    },
)

__all__ = ["GRID"]
