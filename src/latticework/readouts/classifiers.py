"""Trained readouts by name."""

from latticework.core.registry import Registry
from latticework.core.trained_readout import AbstractTrainedReadout
from latticework.readouts.logistic import Logistic
from latticework.readouts.sigmoid_sgd import SigmoidSgd

CLASSIFIERS: Registry[AbstractTrainedReadout] = Registry(
    "classifier", {"sigmoid_sgd": SigmoidSgd, "logistic": Logistic}
)
