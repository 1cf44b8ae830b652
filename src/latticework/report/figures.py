"""The figures of the documentation; each carries the digest of the data that it shows."""

import hashlib
import io
import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from PIL import Image
from PIL.PngImagePlugin import PngInfo

from latticework.pictures import learning_curve
from latticework.report.everything import Results
from latticework.report.studies import figure_data
from latticework.studies.catalogue import STUDIES
from latticework.studies.study import rows_of
from latticework.train import write_atomically

DIGEST = "latticework-data"


@dataclass(frozen=True)
class Figure:
    """A figure of the documentation.

    Args:
        data: from the results to the JSON-able data that are shown; empty when there are none.
        draw: from the results to a .png file.
    """

    data: Callable[[Results], Any]
    draw: Callable[[Results, Path], object]


def _curve(name: str) -> Figure:
    """The learning curve of a recipe, with the published points."""

    def data(results: Results) -> Any:
        if name not in results.runs:
            return {}
        result = results.runs[name]
        return {
            "metrics": [
                {key: line[key] for key in ("epoch", "per_seed")} for line in result.metrics
            ],
            "published": result.published.points,
            "title": name,
        }

    def draw(results: Results, path: Path) -> object:
        result = results.runs[name]
        return learning_curve(result.metrics, path, published=result.published.points, title=name)

    return Figure(data, draw)


def _study(name: str) -> Figure:
    """The figure that a study draws of itself."""

    def data(results: Results) -> Any:
        return figure_data(results.studies[name]) if name in results.studies else {}

    def draw(results: Results, path: Path) -> object:
        record = results.studies[name]
        with rows_of(f"results/studies/{name}.json"):
            return record.study.draw(record.rows, path)

    return Figure(data, draw)


CURVES = ("grid-snap1-adam", "grid-snap1-sgd", "grid-best", "tree-best", "glom-mnist-faithful")
"""Recipes whose learning curve the documentation shows."""

FIGURES: dict[str, Figure] = {
    **{name: _curve(name) for name in CURVES},
    **{f"study-{name}": _study(name) for name in STUDIES},
}
"""Figures by name."""


def data_digest(name: str, results: Results) -> str:
    """SHA-256 of the data that figure `name` shows."""
    text = json.dumps(FIGURES[name].data(results), sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()


def is_current(name: str, results: Results, path: Path) -> bool:
    """Whether the figure at `path` shows these results; without data there must be no figure."""
    if not FIGURES[name].data(results):
        return not path.exists()
    return _stored_digest(path) == data_digest(name, results)


def _stored_digest(path: Path) -> str | None:
    """The digest that a drawn figure carries; None when there is no such figure."""
    if not path.is_file():
        return None
    with Image.open(path) as image:
        return image.info.get(DIGEST)


def draw(name: str, results: Results, path: Path) -> None:
    """Draw figure `name`, with the digest of its data inside; nothing when there are no data."""
    if not FIGURES[name].data(results):
        return
    FIGURES[name].draw(results, path)
    info = PngInfo()
    info.add_text(DIGEST, data_digest(name, results))
    with Image.open(path) as image:
        image.load()
        buffer = io.BytesIO()
        image.save(buffer, format="png", pnginfo=info, optimize=True)
    write_atomically(path, buffer.getvalue())
