"""All that the server hands out, collected before it starts: a path is looked up, never opened."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib import resources
from importlib.resources.abc import Traversable
from typing import Any

from latticework.demo.model_file import ModelFile
from latticework.demo.samples import samples
from latticework.tasks import DataSource
from latticework.untrusted import file_name

TYPES = {
    "html": "text/html; charset=utf-8",
    "js": "text/javascript; charset=utf-8",
    "css": "text/css; charset=utf-8",
    "json": "application/json",
    "svg": "image/svg+xml",
    "safetensors": "application/octet-stream",
}


@dataclass(frozen=True)
class Page:
    """One answer: its type and its bytes."""

    content_type: str
    body: bytes


@dataclass(frozen=True)
class Site:
    """Every path that exists, `/` included, and the names of the models."""

    pages: Mapping[str, Page]
    models: tuple[str, ...]


def build_site(source: DataSource, extra: Sequence[ModelFile] = ()) -> Site:
    """The built page, the shipped models, the user's models first, and digits to choose from.

    Raises:
        ValueError: the page was not built, or a data file is damaged.
    """
    here = resources.files("latticework.demo")
    pages = {f"/{path}": _page(path, file) for path, file in _walk(here / "static")}
    if "/index.html" not in pages:
        raise ValueError("the page is not in this installation; build it with `make web`")
    pages["/"] = pages["/index.html"]
    listed: list[dict[str, Any]] = []
    for name, manifest, weights in [*_given(extra), *_shipped(here / "models")]:
        path = f"models/{len(listed)}-{file_name(name)}"
        pages[f"/{path}.json"] = _page(".json", manifest)
        pages[f"/{path}.safetensors"] = _page(".safetensors", weights)
        said = json.loads(manifest)
        listed.append({"path": path, **{key: said[key] for key in ("name", "family", "title")}})
    pages["/models.json"] = _page(".json", json.dumps(listed).encode())
    pages["/samples.json"] = _page(".json", json.dumps(samples(source)).encode())
    return Site(pages, tuple(entry["name"] for entry in listed))


def _given(models: Sequence[ModelFile]) -> list[tuple[str, bytes, bytes]]:
    return [(model.name, model.json, model.weights) for model in models]


def _shipped(folder: Traversable) -> list[tuple[str, bytes, bytes]]:
    names = sorted(f.name.removesuffix(".json") for f in folder.iterdir() if f.name[-5:] == ".json")
    first = ("ring", "windows", "grid", "trees", "gridnet", "glom", "tnn")
    order = {name: n for n, name in enumerate(first)}
    names.sort(key=lambda name: order.get(name, len(order)))
    return [
        (
            name,
            (folder / f"{name}.json").read_bytes(),
            (folder / f"{name}.safetensors").read_bytes(),
        )
        for name in names
    ]


def _walk(folder: Traversable, prefix: str = "") -> list[tuple[str, bytes]]:
    """Every file below `folder`, by its path."""
    found = []
    for entry in folder.iterdir() if folder.is_dir() else ():
        if entry.is_dir():
            found += _walk(entry, f"{prefix}{entry.name}/")
        else:
            found.append((prefix + entry.name, entry.read_bytes()))
    return found


def _page(path: str, body: bytes) -> Page:
    return Page(TYPES.get(path.rpartition(".")[2], "application/octet-stream"), body)
