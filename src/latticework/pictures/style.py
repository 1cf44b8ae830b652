"""One look for every picture: colours, sizes, and how a figure becomes a file."""

import contextlib
import io
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import matplotlib as mpl
import numpy as np
from cycler import cycler
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.colors import Colormap, Normalize
from matplotlib.figure import Figure
from matplotlib.style import context as style_context

from latticework.core.checks import require
from latticework.train.files import make_folder, write_atomically
from latticework.untrusted import printable

INK = "#222222"
SOFT = "#8a8a8a"
MUTED = "#555555"
FAINT = "#e4e4e4"
PAPER = "#ffffff"
RIGHT = "#009e73"
"""A leading class that is the true one."""
TRAILING = "#bdbdbd"
"""A class that does not lead."""
MARK = "#d55e00"
"""The present step."""
CYCLE = ("#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9")
"""Lines and groups: Okabe and Ito's colours, told apart with any colour vision."""
DPI = 144
LONGEST_SUBJECT = 120
"""Characters of a name that a picture shows."""

_RC: dict[Any, Any] = {
    "font.family": "sans-serif",
    "font.size": 9.0,
    "axes.titlesize": 9.5,
    "axes.labelsize": 9.0,
    "axes.titlelocation": "left",
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.edgecolor": SOFT,
    "axes.labelcolor": INK,
    "axes.titlecolor": INK,
    "axes.linewidth": 0.8,
    "axes.prop_cycle": cycler(color=CYCLE),
    "axes.unicode_minus": True,
    "text.color": INK,
    "xtick.color": SOFT,
    "ytick.color": SOFT,
    "xtick.labelcolor": INK,
    "ytick.labelcolor": INK,
    "xtick.labelsize": 8.0,
    "ytick.labelsize": 8.0,
    "legend.frameon": False,
    "legend.fontsize": 8.5,
    "figure.facecolor": PAPER,
    "figure.dpi": DPI,
    "savefig.dpi": DPI,
    "image.interpolation": "nearest",
}


def signed_colours() -> Colormap:
    """Values around zero: blue below, white at zero, red above; grey where there is nothing."""
    return mpl.colormaps["RdBu_r"].with_extremes(bad=FAINT)


def amount_colours() -> Colormap:
    """Positive amounts, dark to bright; grey where there is nothing."""
    return mpl.colormaps["cividis"].with_extremes(bad=FAINT)


def ink_colours() -> Colormap:
    """An input as ink on paper."""
    return mpl.colormaps["Greys"].with_extremes(bad=FAINT)


def signed_norm(values: np.ndarray) -> Normalize:
    """Symmetric about zero; the largest 0.5 % of the magnitudes share the end colours."""
    finite = np.abs(np.asarray(values, float)[np.isfinite(values)])
    limit = float(np.quantile(finite, 0.995)) if finite.size else 1.0
    limit = limit if limit > 0 else 1.0
    return Normalize(-limit, limit)


@contextlib.contextmanager
def new_figure(width: float, height: float) -> Iterator[Figure]:
    """A figure of `width x height` inches in the house style.

    It is never known to pyplot, so no window opens and nothing but the caller holds it. What a
    user has set for figures of their own does not count.
    """
    with style_context(["default", _RC]):
        figure = Figure(figsize=(width, height))
        FigureCanvasAgg(figure)
        yield figure


def place(figure: Figure, left: float, top: float, width: float, height: float) -> Axes:
    """Axes at a place given in inches from the figure's upper left corner."""
    total_width, total_height = figure.get_size_inches()
    return figure.add_axes(
        (
            left / total_width,
            1 - (top + height) / total_height,
            width / total_width,
            height / total_height,
        )
    )


def head(figure: Figure, subject: str, what: str, explanation: str) -> None:
    """The two lines above a picture: `subject: what` in bold, and how to read it."""
    shown = subject if len(subject) <= LONGEST_SUBJECT else f"{subject[:LONGEST_SUBJECT]}..."
    text = f"{printable(shown)}: {what}" if subject else what[0].upper() + what[1:]
    say(figure, 0.25, 0.14, text, size=11, weight="bold")
    say(figure, 0.25, 0.36, explanation, color=MUTED)


def say(figure: Figure, left: float, top: float, text: str, **style) -> None:
    """Text whose upper left corner is so many inches from the figure's upper left corner."""
    width, height = figure.get_size_inches()
    # A name with dollar signs in it is no formula.
    style = {"va": "top", "ha": "left", "parse_math": False, **style}
    figure.text(left / width, 1 - top / height, text, **style)


def save_png(figure: Figure, path: Path | str) -> Path:
    """Write a figure as PNG, whole or not at all; the bytes do not name the library's version.

    Raises:
        ValueError: the name does not end in .png.
        OSError: one sentence.
    """
    path = checked_path(path, ".png")
    buffer = io.BytesIO()
    figure.savefig(buffer, format="png", metadata={"Software": None})
    return save_bytes(buffer.getvalue(), path)


def save_bytes(data: bytes, path: Path) -> Path:
    """Write the bytes of a picture, whole or not at all, and make its folder if need be."""
    make_folder(path.parent)
    write_atomically(path, data)
    return path


def checked_path(path: Path | str, suffix: str) -> Path:
    """`path` as a Path.

    Raises:
        ValueError: it does not end in `suffix`.
    """
    path = Path(path)
    require(
        path.suffix.lower() == suffix,
        f"a picture of this kind is saved as {suffix}, but the path is {path}; "
        f"name it {path.with_suffix(suffix).name}",
    )
    return path
