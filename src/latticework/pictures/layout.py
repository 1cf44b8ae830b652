"""Where the parts of a lattice are drawn: cells, inputs, edges, classes."""

from dataclasses import dataclass

import numpy as np

from latticework.core.topology import Wiring
from latticework.pictures.forest import arrange

_PINS_PER_CELL = 4
"""Cells with more external slots than this share one strip of inputs above the lattice."""
_GAP = 0.7
_AT_ONCE = 256
"""Cells whose distances are looked at together, so that a large forest fits into memory."""
_BROAD = 4.0


@dataclass(frozen=True, eq=False)
class Layout:
    """A lattice on paper; x to the right, y downward.

    Args:
        places: `[cell, 2]`, the middle of each cell.
        map_shape: (rows, columns) when the cells fill a rectangle, so that it can be drawn as an
            image; else None and the cells are discs.
        map_index: `[cell]`, the pixel of each cell in that image, row-major.
        radii: `[cell]`, radius of each disc.
        pins: `[pin, 4]`, the boxes (left, top, width, height) where inputs are drawn.
        pin_channel: `[pin]`, the channel of each box.
        segments: `[segment, 2, 2]`, the edges to draw: all between discs, on a map only those
            that do not join next neighbours.
        class_x: `[class]`, where the score of each class is drawn.
        class_width: distance between two classes.
        labels: `[class, 2]`, where to write the class beside its ports, if its score stands
            elsewhere; else None.
        frame: (left, right, top, bottom) of all that is drawn.
    """

    places: np.ndarray
    map_shape: tuple[int, int] | None
    map_index: np.ndarray
    radii: np.ndarray
    pins: np.ndarray
    pin_channel: np.ndarray
    segments: np.ndarray
    class_x: np.ndarray
    class_width: float
    labels: np.ndarray | None
    frame: tuple[float, float, float, float]

    @property
    def width(self) -> float:
        """Width of the frame."""
        return self.frame[1] - self.frame[0]

    @property
    def height(self) -> float:
        """Height of the frame."""
        return self.frame[3] - self.frame[2]

    @property
    def is_broad(self) -> bool:
        """Whether it needs the full width of a page."""
        return self.map_shape is None and self.width > _BROAD * len(self.class_x)

    def as_map(self, values: np.ndarray) -> np.ndarray:
        """`[cell]` as the pixels of the image.

        Raises:
            ValueError: there is no `map_shape`.
        """
        if self.map_shape is None:
            raise ValueError("these cells do not fill a rectangle; there is no map of them")
        image = np.empty(len(values), float)
        image[self.map_index] = values
        return image.reshape(self.map_shape)


def lay_out(wiring: Wiring, *, with_inputs: bool = True) -> Layout:
    """Lay a wiring out by its coordinates.

    Args:
        wiring: what to draw.
        with_inputs: whether to leave room for the inputs.
    """
    places = np.array(wiring.coordinates, float)
    places -= places.min(axis=0)
    map_shape = map_shape_of(places)
    is_map = map_shape is not None
    is_wrapped = False
    if not is_map:
        places, is_wrapped = arrange(wiring, places)
    radii = np.full(len(places), 0.5) if is_map else _radii(places)
    pins, pin_channel, stubs = _pins(wiring, places, radii, is_map)
    if not with_inputs:
        pins, pin_channel, stubs = pins[:0], pin_channel[:0], stubs[:0]
    class_x, class_width = _classes(wiring, places, is_wrapped)
    labels = None
    if is_wrapped:
        ports = wiring.readout_ports[:, 0]
        labels = places[ports] + np.stack([radii[ports] * 1.6, 0 * radii[ports]], axis=1)
    return Layout(
        places=places,
        map_shape=map_shape,
        map_index=_map_index(places, map_shape),
        radii=radii,
        pins=pins,
        pin_channel=pin_channel,
        segments=np.concatenate([_edges(wiring, places, is_map), stubs]),
        class_x=class_x,
        class_width=class_width,
        labels=labels,
        frame=_frame(places, radii, pins),
    )


def _frame(
    places: np.ndarray, radii: np.ndarray, pins: np.ndarray
) -> tuple[float, float, float, float]:
    """(left, right, top, bottom) of cells and pins."""
    left, top = np.concatenate([places - radii[:, None], pins[:, :2]]).min(axis=0).tolist()
    high = np.concatenate([places + radii[:, None], pins[:, :2] + pins[:, 2:]])
    right, bottom = high.max(axis=0).tolist()
    return left, right, top, bottom


def map_shape_of(places: np.ndarray) -> tuple[int, int] | None:
    """(rows, columns) if the places are those of all pixels of an image."""
    if np.any(places != np.round(places)):
        return None
    cols, rows = (int(extent) + 1 for extent in places.max(axis=0))
    distinct = len(np.unique(places, axis=0))
    return (rows, cols) if distinct == len(places) == rows * cols else None


def _map_index(places: np.ndarray, map_shape: tuple[int, int] | None) -> np.ndarray:
    if map_shape is None:
        return np.arange(len(places))
    column, row = places.round().astype(int).T
    return row * map_shape[1] + column


def _radii(places: np.ndarray) -> np.ndarray:
    """Discs that do not touch, and not much larger than the smallest."""
    if len(places) == 1:
        return np.array([0.5])
    nearest = np.empty(len(places))
    for start in range(0, len(places), _AT_ONCE):
        some = places[start : start + _AT_ONCE]
        distance = np.linalg.norm(some[:, None] - places[None], axis=-1)
        distance[np.arange(len(some)), start + np.arange(len(some))] = np.inf
        nearest[start : start + _AT_ONCE] = 0.46 * distance.min(axis=1)
    return np.clip(nearest, 0.1, 1.8 * max(nearest.min(), 0.1))


def _pins(
    wiring: Wiring, places: np.ndarray, radii: np.ndarray, is_map: bool
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Boxes, their channels, and the lines from a box to its cell."""
    cell, slot = np.nonzero(wiring.channel >= 0)
    channel = wiring.channel[cell, slot]
    per_cell = (wiring.channel >= 0).sum(axis=1)
    no_lines = np.empty((0, 2, 2))
    if not len(cell):
        return np.empty((0, 4)), channel, no_lines
    if is_map and per_cell.max() == 1 and np.all(places[cell, 0] == 0):
        boxes = [(-1.5 - _GAP, y - 0.5, 1.0, 1.0) for y in places[cell, 1]]
        return np.array(boxes), channel, no_lines
    if not is_map and per_cell.max() <= _PINS_PER_CELL:
        return _pins_above(wiring, places, radii, cell, slot)
    left, right = places[:, 0].min() - 0.5, places[:, 0].max() + 0.5
    each = (right - left) / wiring.num_channels
    every = np.arange(wiring.num_channels)
    boxes = [(left + n * each, -1.5 - _GAP, each, 1.0) for n in every]
    return np.array(boxes), every, no_lines


def _pins_above(
    wiring: Wiring, places: np.ndarray, radii: np.ndarray, cell: np.ndarray, slot: np.ndarray
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """A box over each external slot of each cell, at the side where the slot is."""
    pitch = 2.1 * float(radii.min()) / wiring.num_slots
    side = 0.9 * pitch
    x = places[cell, 0] + (slot - (wiring.num_slots - 1) / 2) * pitch
    y = places[cell, 1] - radii[cell] - 1.4 * pitch
    boxes = np.stack([x - side / 2, y - side / 2, *np.full((2, len(x)), side)], axis=1)
    ends = np.stack([np.stack([x, y], axis=1), places[cell]], axis=1)
    return boxes, wiring.channel[cell, slot], ends


def _edges(wiring: Wiring, places: np.ndarray, is_map: bool) -> np.ndarray:
    source, destination, _ = wiring.edges.T
    segments = np.stack([places[source], places[destination]], axis=1)
    if is_map:
        steps = np.abs(segments[:, 1] - segments[:, 0]).max(axis=1)
        segments = segments[steps > 1]
    return segments


def _classes(wiring: Wiring, places: np.ndarray, is_wrapped: bool) -> tuple[np.ndarray, float]:
    """Scores stand under their ports; side by side where they would overlap."""
    x = places[wiring.readout_ports, 0].mean(axis=1)
    if len(x) == 1:
        return x, 1.0
    step = float(np.diff(np.sort(x)).min())
    if is_wrapped or step < 0.5:
        left, right = places[:, 0].min(), places[:, 0].max()
        step = max((right - left) / len(x), 1e-3)
        x = left + step * (np.arange(len(x)) + 0.5)
    return x, step
