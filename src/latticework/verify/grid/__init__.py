"""The golden files of grid-neurons."""

from latticework.verify.families import Family, Layout
from latticework.verify.grid.mnist import replay_mnist
from latticework.verify.grid.order import replay_order
from latticework.verify.grid.perturbations import replay_perturbations
from latticework.verify.grid.run6k import replay_run6k
from latticework.verify.grid.small import replay_small
from latticework.verify.grid.training import replay_training

_SMALL = Layout("steps of a small grid", ("e_left", "x_bias", "msg_sum"), replay_small)
_IMAGES = Layout("images on a grid", ("labels", "y0", "snap_bias"), replay_mnist)
_TRAINING = Layout("training trajectories", ("adam_images", "sgd_images"), replay_training)
_ERRORS = Layout("errors of hardware", ("noise_nkeys", "leak_bias"), replay_perturbations)
_ORDER = Layout("orders of examples", ("perm*_ep0",), replay_order)
_RUN = Layout("a run on 6,000 images", ("snap_val_acc", "bptt_val_acc"), replay_run6k)

GRID = Family(
    "grid",
    {
        "small_4x4_T1.npz": _SMALL,
        "small_4x4_T5.npz": _SMALL,
        "small_4x4_T20.npz": _SMALL,
        "mnist_28x10_first8.npz": _IMAGES,
        "train_28x10.npz": _TRAINING,
        "perturb_4x4_T5.npz": _ERRORS,
        "mnist_order.npz": _ORDER,
        "run6k_float32.npz": _RUN,
    },
)

__all__ = ["GRID"]
