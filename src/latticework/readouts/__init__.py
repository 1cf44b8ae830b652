"""What is read where: one file per readout, listed here."""

from latticework.core.readout import AbstractReadout
from latticework.core.registry import Registry
from latticework.readouts.classifiers import CLASSIFIERS
from latticework.readouts.logistic import Logistic
from latticework.readouts.output_code import OutputCode
from latticework.readouts.port_sum import PortSum
from latticework.readouts.sigmoid_sgd import SigmoidSgd
from latticework.readouts.slab_linear import SlabLinear

READOUTS: Registry[AbstractReadout] = Registry(
    "readout",
    {"port_sum": PortSum, "output_code": OutputCode},
    examples={
        "port_sum": (PortSum(), PortSum(gain=0.5)),
        "output_code": (OutputCode(), OutputCode(gain=0.5, seed=1)),
    },
)

LATTICE_READOUTS: Registry[SlabLinear] = Registry(
    "readout", {"slab_linear": SlabLinear}, examples={"slab_linear": (SlabLinear(), SlabLinear(2))}
)
"""Readouts with parameters, of lattices with cycles."""

__all__ = [
    "CLASSIFIERS",
    "LATTICE_READOUTS",
    "READOUTS",
    "Logistic",
    "OutputCode",
    "PortSum",
    "SigmoidSgd",
    "SlabLinear",
]
