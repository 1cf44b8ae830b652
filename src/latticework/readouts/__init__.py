"""What is read where: one file per readout, listed here."""

from latticework.core.readout import AbstractReadout
from latticework.core.registry import Registry
from latticework.readouts.classifiers import CLASSIFIERS
from latticework.readouts.logistic import Logistic
from latticework.readouts.port_sum import PortSum
from latticework.readouts.sigmoid_sgd import SigmoidSgd

READOUTS: Registry[AbstractReadout] = Registry(
    "readout", {"port_sum": PortSum}, examples={"port_sum": (PortSum(), PortSum(gain=0.5))}
)

__all__ = ["CLASSIFIERS", "READOUTS", "Logistic", "PortSum", "SigmoidSgd"]
