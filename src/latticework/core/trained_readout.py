"""Readouts that are trained on what a network did, after it has learned."""

import abc
from typing import NamedTuple

import numpy as np
from jaxtyping import Array, Float, Int, UInt8

LinearParams = dict[str, Array]
"""`weight` `[class, feature]` and `bias` `[class]`, float32."""


class Fit(NamedTuple):
    """A trained readout.

    Args:
        params: its parameters.
        losses: mean loss of each epoch or, where there are none, of the end, `[epoch]`.
    """

    params: LinearParams
    losses: Array


class AbstractTrainedReadout(abc.ABC):
    """A linear map from counts to class scores. Instances are frozen dataclasses."""

    @abc.abstractmethod
    def fit(
        self,
        features: UInt8[Array | np.ndarray, "example feature"],
        targets: Int[Array, " example"],
        key: Array,
        num_classes: int = 10,
    ) -> Fit:
        """Train on examples in the order given.

        Args:
            features: counts.
            targets: classes.
            key: draws the initial parameters, where they matter.
            num_classes: number of classes.
        """

    @abc.abstractmethod
    def fit_each(
        self,
        features: UInt8[Array | np.ndarray, "seed example feature"],
        targets: Int[Array, "seed example"],
        keys: Array,
        num_classes: int = 10,
    ) -> Fit:
        """As `fit`, for several seeds; everything has a leading seed axis."""

    @abc.abstractmethod
    def scores(
        self, params: LinearParams, features: UInt8[Array, "example feature"]
    ) -> Float[Array, "example class"]:
        """Class scores; the prediction is the first maximum."""
