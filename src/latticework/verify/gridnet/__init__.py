"""The golden files of gridnet."""

from latticework.verify.families import Family, Layout
from latticework.verify.gridnet.imagenet import replay_imagenet
from latticework.verify.gridnet.models import replay_model
from latticework.verify.gridnet.readout import replay_readout
from latticework.verify.gridnet.sweeps import replay_edges, replay_inputs, replay_sweeps
from latticework.verify.gridnet.web import replay_web

_ACTIVATIONS = ("silu", "relu", "leaky_relu", "tanh")
_INPUTS = Layout("inputs of sweeps", ("block_size", "weight", "x", "cotangent"), replay_inputs)
_SWEEPS = Layout("sweeps", ("i*_y", "i*_grad_weight"), replay_sweeps)
_EDGES = Layout("edge cases", ("eps_eps", "kink_weight"), replay_edges)
_READOUT = Layout("readout", ("L1_x", "L2_x"), replay_readout)
_MODEL = Layout("model", ("image", "trace", "adamw_losses"), replay_model)
_IMAGENET = Layout(
    "classifier of photographs",
    ("separate_params", "outer_residual", "gradnorm.*"),
    replay_imagenet,
)
_WEB = Layout("checkpoint for browsers", ("bytes32", "bytes16"), replay_web)

GRIDNET = Family(
    "gridnet",
    {
        "plain_inputs.npz": _INPUTS,
        "gated_inputs.npz": _INPUTS,
        **{
            f"{cell}_{activation}.npz": _SWEEPS
            for cell in ("plain", "gated")
            for activation in _ACTIVATIONS
        },
        "edge_cases.npz": _EDGES,
        "readout.npz": _READOUT,
        "mnist_tiny_plain.npz": _MODEL,
        "mnist_tiny_gated.npz": _MODEL,
        "echo_tiny.npz": _MODEL,
        "imagenet_tiny_a.npz": _IMAGENET,
        "imagenet_tiny_b.npz": _IMAGENET,
        "imagenet_tiny_c.npz": _IMAGENET,
        "web_checkpoint.npz": _WEB,
    },
)

__all__ = ["GRIDNET"]
