"""What is read where: one file per readout, listed here."""

from latticework.core.readout import AbstractReadout
from latticework.core.registry import Registry
from latticework.readouts.port_sum import PortSum

READOUTS: Registry[AbstractReadout] = Registry(
    "readout", {"port_sum": PortSum}, examples={"port_sum": (PortSum(), PortSum(gain=0.5))}
)

__all__ = ["READOUTS", "PortSum"]
