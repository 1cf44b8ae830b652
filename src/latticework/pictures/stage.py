"""The pieces from which pictures of activity are put together; each can be moved in time."""

from collections.abc import Sequence

import numpy as np
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.collections import LineCollection, PatchCollection
from matplotlib.colors import Colormap, Normalize
from matplotlib.image import AxesImage
from matplotlib.patches import Circle, Rectangle

from latticework.pictures import style
from latticework.pictures.episode import Episode
from latticework.pictures.layout import Layout

_TRUE = {"size": 8.0, "weight": "bold"}
_FALSE = {"size": 6.5, "color": "#777777"}
"""How classes are written under their scores."""


class LatticeView:
    """One value per cell: an image where the cells fill a rectangle, else discs and edges.

    Args:
        axes: where to draw; its limits are set to the layout's frame.
        layout: where everything is.
        values: `[cell]`; NaN is drawn as nothing.
        norm: values to 0..1.
        colours: 0..1 to colours.
    """

    def __init__(
        self, axes: Axes, layout: Layout, values: np.ndarray, norm: Normalize, colours: Colormap
    ) -> None:
        self._layout = layout
        self.overlay: list[Artist] = []
        left, right, top, bottom = layout.frame
        axes.set_axis_off()
        self._image: AxesImage | None = None
        self._discs: PatchCollection | None = None
        if layout.map_shape is None:
            self._discs = _discs(axes, layout, values, norm, colours)
        else:
            self._image = self._draw_image(axes, layout.map_shape, values, norm, colours)
        axes.set(xlim=(left, right), ylim=(bottom, top), aspect="equal")

    def show(self, values: np.ndarray) -> None:
        """Change the values."""
        if self._discs is not None:
            self._discs.set_array(np.ma.masked_invalid(values))
        if self._image is not None:
            self._image.set_data(np.ma.masked_invalid(self._layout.as_map(values)))

    @property
    def moving(self) -> list[Artist]:
        """What changes with the values, and what lies over it."""
        own = [artist for artist in (self._image, self._discs) if artist is not None]
        return [*own, *self.overlay]

    def _draw_image(
        self,
        axes: Axes,
        shape: tuple[int, int],
        values: np.ndarray,
        norm: Normalize,
        colours: Colormap,
    ) -> AxesImage:
        rows, cols = shape
        border = Rectangle((-0.5, -0.5), cols, rows, fill=False, ec=style.SOFT, lw=0.6)
        border.set_clip_on(False)
        self.overlay.append(axes.add_patch(border))
        return axes.imshow(
            np.ma.masked_invalid(self._layout.as_map(values)),
            cmap=colours,
            norm=norm,
            extent=(-0.5, cols - 0.5, rows - 0.5, -0.5),
            aspect="equal",
        )


def _discs(
    axes: Axes, layout: Layout, values: np.ndarray, norm: Normalize, colours: Colormap
) -> PatchCollection:
    """Edges, a disc per cell, and the class beside each port if its score is not below it."""
    edges = LineCollection(list(layout.segments), colors=style.SOFT, linewidths=0.5, zorder=1)
    axes.add_collection(edges)
    circles = [
        Circle((x, y), radius) for (x, y), radius in zip(layout.places, layout.radii, strict=True)
    ]
    discs = PatchCollection(
        circles, cmap=colours, norm=norm, edgecolor=style.SOFT, linewidth=0.4, zorder=3
    )
    discs.set_clip_on(False)
    discs.set_array(np.ma.masked_invalid(values))
    axes.add_collection(discs)
    for label, (x, y) in enumerate(layout.labels if layout.labels is not None else ()):
        axes.text(x, y, str(label), size=7, va="center", color=style.MUTED)
    return discs


class InputView:
    """What enters the lattice at one step, drawn where it enters."""

    def __init__(self, axes: Axes, layout: Layout, episode: Episode) -> None:
        self._layout, self._inputs = layout, episode.inputs
        colours, norm = input_scale(episode.inputs)
        boxes = [Rectangle((x, y), w, h) for x, y, w, h in layout.pins]
        self.artist = PatchCollection(
            boxes, cmap=colours, norm=norm, edgecolor=style.SOFT, linewidth=0.3, zorder=4
        )
        self.artist.set_clip_on(False)
        axes.add_collection(self.artist)

    def show(self, step: int) -> None:
        """Go to a step."""
        self.artist.set_array(self._inputs[step][self._layout.pin_channel])


class ScoreView:
    """The score of each class so far, as bars under the cells that are read."""

    def __init__(self, axes: Axes, layout: Layout, episode: Episode) -> None:
        self._episode = episode
        low, high = min(0.0, episode.scores.min()), max(0.0, episode.scores.max())
        room = 0.06 * max(high - low, 1e-9)
        axes.set_axis_off()
        axes.set(xlim=layout.frame[:2], ylim=(low - room, high + room))
        axes.axhline(0, color=style.SOFT, lw=0.6, zorder=1)
        width = 0.72 * layout.class_width
        self.bars = list(
            axes.bar(layout.class_x, np.zeros(len(layout.class_x)), width, color=style.SOFT)
        )
        for label, x in enumerate(layout.class_x):
            look = _TRUE if label == episode.target else _FALSE
            axes.annotate(
                str(label),
                (x, 0),
                xycoords=("data", "axes fraction"),
                textcoords="offset points",
                xytext=(0, -1),
                ha="center",
                va="top",
                **look,
            )

    def show(self, step: int) -> None:
        """Go to a step: the leading class is green if it is the true one, else black."""
        scores = self._episode.scores[step]
        leader = int(scores.argmax())
        for label, (bar, score) in enumerate(zip(self.bars, scores, strict=True)):
            bar.set_height(float(score))
            is_true = label == self._episode.target
            leading = style.RIGHT if is_true else style.INK
            bar.set_facecolor(leading if label == leader else style.TRAILING)


class StreamView:
    """The whole sequence as an image, time downward, with the present step framed.

    A stream of one or two channels is folded into rows, as pixels read one by one.
    """

    def __init__(self, axes: Axes, episode: Episode) -> None:
        self.axes = axes
        colours, norm = input_scale(episode.inputs)
        image, self._per_row = fold(episode.inputs)
        self._size = (image.shape[1], episode.inputs.shape[1])
        axes.imshow(image, cmap=colours, norm=norm, aspect="auto")
        axes.set(xticks=[], yticks=[])
        for spine in axes.spines.values():
            spine.set(visible=True, color=style.SOFT, lw=0.6)
        self.marker = Rectangle((0, 0), 1, 1, fill=False, ec=style.MARK, lw=1.6, clip_on=False)
        axes.add_patch(self.marker)

    def show(self, step: int) -> None:
        """Frame a step."""
        row, place = divmod(step, self._per_row)
        width = self._size[0] if self._per_row == 1 else self._size[1]
        self.marker.set_bounds(place * width - 0.5, row - 0.5, width, 1)

    def name_steps(self, steps: Sequence[int]) -> None:
        """Write these steps beside their rows."""
        if self._per_row == 1:
            axes = self.axes
            axes.set_yticks(steps, [str(step + 1) for step in steps])
            axes.yaxis.tick_right()
            axes.tick_params(length=2, pad=1, labelsize=6.5, labelcolor="#777777")


class Stage:
    """Lattice, inputs and scores together, at one step."""

    def __init__(
        self, axes: Axes, score_axes: Axes, layout: Layout, episode: Episode, norm: Normalize
    ) -> None:
        self._episode = episode
        self.lattice = LatticeView(axes, layout, episode.outputs[0], norm, style.signed_colours())
        if layout.map_shape is not None:
            long_edges = LineCollection(list(layout.segments), colors=style.INK, lw=0.5, alpha=0.16)
            self.lattice.overlay.append(axes.add_collection(long_edges))
        self.inputs = InputView(axes, layout, episode)
        self.scores = ScoreView(score_axes, layout, episode)

    def show(self, step: int) -> None:
        """Go to a step."""
        self.lattice.show(self._episode.outputs[step])
        self.inputs.show(step)
        self.scores.show(step)

    @property
    def moving(self) -> list[Artist]:
        """What changes from step to step, and what lies over it; in the order of drawing."""
        return [*self.lattice.moving, self.inputs.artist, *self.scores.bars]


def input_scale(inputs: np.ndarray) -> tuple[Colormap, Normalize]:
    """Ink on paper for inputs that are never negative, else colours around zero."""
    if inputs.min() < 0:
        return style.signed_colours(), style.signed_norm(inputs)
    return style.ink_colours(), Normalize(0, max(float(inputs.max()), 1e-9))


def fold(inputs: np.ndarray) -> tuple[np.ndarray, int]:
    """An image of a stream, and how many steps stand in one of its rows."""
    steps, channels = inputs.shape
    if channels > 2 or steps <= 64:
        return inputs, 1
    per_row = int(np.ceil(np.sqrt(steps)))
    rows = -(-steps // per_row)
    image = np.full((rows * per_row, channels), np.nan)
    image[:steps] = inputs
    return image.reshape(rows, per_row * channels), per_row
