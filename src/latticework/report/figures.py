"""The figures of the documentation; each carries the digest of the data that it shows."""

import hashlib
import io
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

from PIL import Image
from PIL.PngImagePlugin import PngInfo

from latticework.pictures import learning_curve
from latticework.report.tables import Results
from latticework.train import write_atomically

DIGEST = "latticework-data"

FigureData = dict[str, Any]


def _curve_data(name: str) -> Callable[[Results], FigureData]:
    def data(results: Results) -> FigureData:
        if name not in results:
            return {}
        result = results[name]
        return {
            "metrics": [
                {key: line[key] for key in ("epoch", "per_seed")} for line in result.metrics
            ],
            "published": list(result.recipe.published.by_epoch),
            "title": name,
        }

    return data


FIGURES: dict[str, Callable[[Results], FigureData]] = {
    name: _curve_data(name)
    for name in ("grid-snap1-adam", "grid-snap1-sgd", "grid-best", "tree-best")
}
"""Figures by name: from the results to the data that are drawn."""


def data_digest(name: str, results: Results) -> str:
    """SHA-256 of the data that figure `name` shows."""
    text = json.dumps(FIGURES[name](results), sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()


def is_current(name: str, results: Results, path: Path) -> bool:
    """Whether the figure at `path` shows these results; without data there must be no figure."""
    if not FIGURES[name](results):
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
    data = FIGURES[name](results)
    if not data:
        return
    published = [(epoch + 1, value) for epoch, value in enumerate(data["published"])]
    result = results[data["title"]]
    learning_curve(result.metrics, path, published=published, title=data["title"])
    info = PngInfo()
    info.add_text(DIGEST, data_digest(name, results))
    with Image.open(path) as image:
        image.load()
        buffer = io.BytesIO()
        image.save(buffer, format="png", pnginfo=info, optimize=True)
    write_atomically(path, buffer.getvalue())
