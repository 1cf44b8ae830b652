"""Maps of what each cell has learned: time constant, weights, bias."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from matplotlib.axes import Axes
from matplotlib.cm import ScalarMappable
from matplotlib.colors import Colormap, LogNorm, Normalize
from matplotlib.figure import Figure

from latticework.core.checks import require
from latticework.core.topology import Wiring
from latticework.pictures import style
from latticework.pictures.episode import checked_params
from latticework.pictures.layout import Layout, lay_out
from latticework.pictures.stage import LatticeView
from latticework.pictures.tiling import Tiling, tile

_MOST_SLOTS = 6
"""With more slots than this, weights are one table and not one map each."""
_TITLE, _BAR, _PAD = 0.24, 0.62, 0.3
_TABLE_HEIGHT = 2.6
_LEAST_WIDTH = 1.35


@dataclass(frozen=True, eq=False)
class _Map:
    """One panel; `values` is `[cell]`, or `[cell, slot]` for a table."""

    title: str
    values: np.ndarray
    norm: Normalize
    colours: Colormap


def cell_maps(
    wiring: Wiring, params: Mapping[str, np.ndarray], path: Path | str, *, title: str = ""
) -> Path:
    """Draw every parameter of every cell where the cell is.

    Args:
        wiring: the lattice.
        params: of one seed, `[cell]` or `[cell, slot]`; `log_tau` is drawn as tau in milliseconds
            on a logarithmic scale, all others around zero.
        path: where to save, .png.
        title: what the network is.

    Raises:
        ValueError: parameters that do not fit the wiring or are not finite.
        OSError: it cannot be written.
    """
    style.checked_path(path, ".png")
    arrays = checked_params(wiring, params)
    for name, values in arrays.items():
        require(
            bool(np.isfinite(values).all()),
            f"parameter {name!r} is not finite everywhere, so it cannot be drawn; take the "
            "parameters of an earlier checkpoint",
        )
    names = sorted(arrays, key=lambda name: (name != "log_tau", -arrays[name].ndim))
    maps = [panel for name in names for panel in _maps_of(wiring, name, arrays[name])]
    layout = lay_out(wiring, with_inputs=False)
    tiling, table_height = _tile(layout, maps)
    across = (min(len(maps), tiling.cols) - 1) * tiling.step[0] + _map_width(layout, tiling.unit)
    with style.new_figure(max(0.5 + across, 5.0), tiling.bottom) as figure:
        style.head(figure, title, "parameters of every cell", _explanation(wiring))
        for n, panel in enumerate(maps):
            left, top = tiling.corner(n)
            style.say(figure, left, top + 0.05, panel.title)
            width, height = _map_width(layout, tiling.unit), layout.height * tiling.unit
            if panel.values.ndim == 2:
                height = table_height
                axes = style.place(figure, left + 0.35, top + _TITLE, width - 0.35, height - 0.35)
                _table(axes, panel, wiring)
            else:
                axes = style.place(figure, left, top + _TITLE, layout.width * tiling.unit, height)
                LatticeView(axes, layout, panel.values, panel.norm, panel.colours)
            _scale(figure, panel, left, top + _TITLE + height + 0.1, width)
        return style.save_png(figure, path)


def _tile(layout: Layout, maps: list[_Map]) -> tuple[Tiling, float]:
    """Where the panels stand, and the height of a table in inches."""
    corner, size = (0.25, 0.62), (layout.width, layout.height)
    if any(panel.values.ndim == 2 for panel in maps):
        unit = min(2.9 / layout.width, 0.3)
        height = max(layout.height * unit, _TABLE_HEIGHT)
        step = (_map_width(layout, unit) + _PAD, _TITLE + height + _BAR)
        return Tiling(*corner, unit, len(maps), len(maps), step), height
    tiling = tile(len(maps), size, corner, (9.5 + _PAD, 9.0), (_PAD, _TITLE + _BAR))
    across = _map_width(layout, tiling.unit) + _PAD
    return replace(tiling, step=(across, tiling.step[1])), 0.0


def _map_width(layout: Layout, unit: float) -> float:
    """Inches for a map and what is written over it."""
    return max(layout.width * unit, _LEAST_WIDTH)


def _maps_of(wiring: Wiring, name: str, values: np.ndarray) -> list[_Map]:
    if name == "log_tau":
        tau = 1e3 * np.exp(values.astype(float))
        low, high = float(tau.min()), float(tau.max())
        norm = LogNorm(low, high if high > low * 1.001 else low * 1.1)
        return [_Map("time constant tau (ms)", tau, norm, style.amount_colours())]
    colours, words = style.signed_colours(), name.replace("_", " ")
    if values.ndim == 1:
        return [_Map(words, values, style.signed_norm(values), colours)]
    owned = np.where(wiring.has_weight, values, np.nan)
    norm = style.signed_norm(owned)
    if wiring.num_slots > _MOST_SLOTS:
        return [_Map(f"{words} by cell and slot", owned, norm, colours)]
    return [
        _Map(f"{words} {_where_from(wiring, slot)}", owned[:, slot], norm, colours)
        for slot in range(wiring.num_slots)
    ]


def _where_from(wiring: Wiring, slot: int) -> str:
    """Where the sources of a slot lie, if all lie on the same side."""
    fed = np.flatnonzero(wiring.pred[:, slot] >= 0)
    if not len(fed):
        return f"of slot {slot}"
    sources = wiring.coordinates[wiring.pred[fed, slot]]
    sides = np.unique(np.sign(sources - wiring.coordinates[fed]), axis=0)
    if len(sides) > 1:
        return f"of slot {slot}"
    x, y = sides[0]
    words = {-1: "above", 0: "", 1: "below"}[int(y)], {-1: "left", 0: "", 1: "right"}[int(x)]
    if not words[0]:
        return f"from the {words[1]}"
    return "from " + " ".join(word for word in words if word)


def _table(axes: Axes, panel: _Map, wiring: Wiring) -> None:
    """Cells across, slots downward."""
    masked = np.ma.masked_invalid(panel.values.T)
    axes.imshow(masked, cmap=panel.colours, norm=panel.norm, aspect="auto")
    slots = np.arange(wiring.num_slots)
    is_channel = np.all(wiring.channel == slots)
    axes.set_xlabel("cell", labelpad=1)
    axes.set_ylabel("channel" if is_channel else "slot", labelpad=1)
    axes.tick_params(length=2, labelsize=7)


def _scale(figure: Figure, panel: _Map, left: float, top: float, width: float) -> None:
    axes = style.place(figure, left, top, width, 0.08)
    bar = figure.colorbar(
        ScalarMappable(panel.norm, panel.colours), cax=axes, orientation="horizontal"
    )
    low, high = float(panel.norm.vmin or 0), float(panel.norm.vmax or 1)
    if isinstance(panel.norm, LogNorm):
        ticks = np.geomspace(low, high, 3)
    else:
        ticks = np.array([low, 0, high])
    bar.set_ticks(list(ticks), labels=[f"{tick:.2g}" for tick in ticks])
    bar.minorticks_off()
    bar.outline.set_linewidth(0.5)
    axes.tick_params(length=2, labelsize=7)


def _explanation(wiring: Wiring) -> str:
    text = f"{wiring.num_cells} cells; red is positive, blue negative, the scale is below each map"
    return text if wiring.has_weight.all() else f"{text}; grey: no such weight"
