"""Layers of cells on a ring, each reading a few cells of the layer before, with strides."""

from dataclasses import dataclass

import numpy as np

from latticework.core.checks import require
from latticework.core.topology import NOTHING, AbstractTopology, Wiring


@dataclass(frozen=True)
class RingLayers(AbstractTopology):
    """Locally connected layers, circular and dilated, that all classes share.

    Cell i of a layer of W cells stands at `floor(i * V / W)` of the layer before, which has V, and
    reads there the cells at the offsets 0, s, -s, 2 s, -2 s, ... (modulo V), as many as its fan-in,
    s being the stride of its layer. The first layer reads the channels so. Of the last layer the
    first cells are read, cell k for class k modulo the number of classes, as many for each class.
    A signal passes all layers within one step.

    Args:
        widths: cells of each layer.
        fan_in: inputs of a cell.
        strides: of the layers, begun again where there are more layers.
        num_channels: number of external channels.
        num_classes: number of classes.

    Raises:
        ValueError: a number is out of range, or a cell would read another one twice.

    Strides that grow from layer to layer are the dilations of F. Yu, V. Koltun, arXiv:1511.07122.
    """

    widths: tuple[int, ...] = (28, 28, 28, 28, 28)
    fan_in: int = 6
    strides: tuple[int, ...] = (1, 2, 3, 1, 2)
    num_channels: int = 28
    num_classes: int = 10

    def __post_init__(self) -> None:
        for name in ("widths", "strides"):
            values = getattr(self, name)
            require(
                len(values) > 0 and min(values) >= 1,
                f"{name} are {values}, expected whole numbers from 1 up, one or more",
            )
        for name in ("fan_in", "num_channels", "num_classes"):
            require(
                getattr(self, name) >= 1, f"{name} is {getattr(self, name)}, expected at least 1"
            )
        require(
            self.widths[-1] >= self.num_classes,
            f"the last layer has {self.widths[-1]} cells for {self.num_classes} classes; give it "
            f"{self.num_classes} or more",
        )
        for number, width in enumerate((self.num_channels, *self.widths[:-1])):
            stride = self.strides[number % len(self.strides)]
            require(
                len(set((_offsets(self.fan_in, stride) % width).tolist())) == self.fan_in,
                f"layer {number} would read one of {width} places twice, with fan-in "
                f"{self.fan_in} and stride {stride}; choose another stride or a smaller fan-in",
            )

    def build(self) -> Wiring:
        """Build the integer tables."""
        tables = []
        sources = (self.num_channels, *self.widths[:-1])
        starts = np.cumsum((0, 0, *self.widths))  # of the layer that a layer reads
        for number, (width, before) in enumerate(zip(self.widths, sources, strict=True)):
            stride = self.strides[number % len(self.strides)]
            centre = np.arange(width) * before // width
            tables.append(
                starts[number] + (centre[:, None] + _offsets(self.fan_in, stride)) % before
            )
        place = np.concatenate(tables)
        is_channel = np.arange(len(place))[:, None] < self.widths[0]
        last = len(place) - self.widths[-1]
        members = self.widths[-1] // self.num_classes
        ports = last + np.arange(members * self.num_classes).reshape(members, -1).T
        widest = max(self.widths)
        coordinates = [
            (widest * (2 * cell + 1 - width) / (2 * width), layer)
            for layer, width in enumerate(self.widths)
            for cell in range(width)
        ]
        return Wiring(
            pred=np.where(is_channel, NOTHING, place),
            channel=np.where(is_channel, place, NOTHING),
            readout_ports=ports,
            num_channels=self.num_channels,
            has_weight=np.ones_like(place, dtype=bool),
            coordinates=np.asarray(coordinates, dtype=float),
        )


def _offsets(fan_in: int, stride: int) -> np.ndarray:
    """0, s, -s, 2 s, -2 s, ..."""
    number = np.arange(fan_in)
    return stride * ((number + 1) // 2) * np.where(number % 2 == 1, 1, -1)
