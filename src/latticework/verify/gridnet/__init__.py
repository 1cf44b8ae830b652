"""The golden files of gridnet."""

from latticework.verify.families import Family
from latticework.verify.gridnet.imagenet import replay_imagenet
from latticework.verify.gridnet.models import replay_model
from latticework.verify.gridnet.readout import replay_readout
from latticework.verify.gridnet.sweeps import replay_edges, replay_inputs, replay_sweeps
from latticework.verify.gridnet.web import replay_web

_ACTIVATIONS = ("silu", "relu", "leaky_relu", "tanh")

GRIDNET = Family(
    "gridnet",
    {
        "plain_inputs.npz": replay_inputs,
        "gated_inputs.npz": replay_inputs,
        **{
            f"{cell}_{activation}.npz": replay_sweeps
            for cell in ("plain", "gated")
            for activation in _ACTIVATIONS
        },
        "edge_cases.npz": replay_edges,
        "readout.npz": replay_readout,
        "mnist_tiny_plain.npz": replay_model,
        "mnist_tiny_gated.npz": replay_model,
        "echo_tiny.npz": replay_model,
        "imagenet_tiny_a.npz": replay_imagenet,
        "imagenet_tiny_b.npz": replay_imagenet,
        "imagenet_tiny_c.npz": replay_imagenet,
        "web_checkpoint.npz": replay_web,
    },
)

__all__ = ["GRIDNET"]
