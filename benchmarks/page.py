"""How fast the page is, in a headless Chromium on this machine: `python benchmarks/page.py`.

Of each shipped model: milliseconds from asking for the page to the first drawn answer, frames drawn
per second while it plays, and milliseconds for one image in the worker by plain TypeScript. Of the
published 32 x 32 x 32 gridnet, with its initial weights: milliseconds per outer step. Everything is
repeated and the median quoted; writes results/benchmarks/page.json. Needs playwright and Chromium.
"""

import argparse
import contextlib
import shutil
import statistics
import threading
import time
from collections.abc import Iterator
from typing import Any

import jax
import numpy as np
from harness import ROOT, machine
from playwright.sync_api import Page, sync_playwright

from latticework.demo import DemoServer, build_site
from latticework.demo.export import EXPORTERS
from latticework.demo.model_file import FORMAT, VERSION, ModelFile
from latticework.recipes import recipe
from latticework.recipes.run import OpenRun
from latticework.tasks import DataSource
from latticework.train import RunFolder, write_json

PLAY_SECONDS = 3
CUBE = "published-cube"


def published_cube() -> ModelFile:
    """The published gridnet as it is born."""
    chosen = recipe("gridnet-mnist-published")
    params = jax.tree.map(np.asarray, chosen.learner().init([0]))
    opened = OpenRun(RunFolder(ROOT), chosen, (0,), params)
    network = EXPORTERS[type(chosen)](opened, 0)
    manifest = {
        "format": FORMAT,
        "version": VERSION,
        "family": network.family,
        "name": CUBE,
        "title": CUBE,
        "summary": chosen.summary,
        "source": chosen.source,
        "dataset": "none",
        "seed": 0,
        "parameters": chosen.num_parameters,
        "accuracy": None,
        "accuracy_note": "untrained",
        "network": network.description,
        "probes": [],
    }
    return ModelFile(CUBE, manifest, network.save())


@contextlib.contextmanager
def serving() -> Iterator[tuple[str, tuple[str, ...]]]:
    """The address of a running demo and the names of its models."""
    site = build_site(DataSource(offline=True), [published_cube()])
    server = DemoServer(site)
    thread = threading.Thread(target=server.serve, daemon=True)
    thread.start()
    try:
        yield server.url, site.models
    finally:
        server.stop()
        thread.join()


def until(page: Page, expression: str) -> None:
    """Poll as fast as the connection allows; the page's policy forbids Playwright's own waiting."""
    end = time.monotonic() + 60
    while not page.evaluate(f"Boolean({expression})"):
        if time.monotonic() > end:
            raise TimeoutError(expression)


def measure(browser: Any, url: str, name: str) -> dict[str, float]:
    """One round of one model."""
    context = browser.new_context(viewport={"width": 1280, "height": 860})
    page = context.new_page()
    start = time.perf_counter()
    page.goto(f"{url}?backend=cpu#model={name}")
    until(page, "window.latticework?.episode?.parts.length + latticework.framesDrawn > 1")
    usable = 1e3 * (time.perf_counter() - start)
    until(page, "latticework.episode?.scores")
    page.evaluate("latticework.rerun(false)")
    page.wait_for_timeout(100)
    until(page, "latticework.episode?.scores")
    run_ms = page.evaluate("latticework.episode.ms")
    page.evaluate("() => { latticework.player.faster(-2); latticework.player.play(0); }")
    before, began = page.evaluate("latticework.framesDrawn"), time.perf_counter()
    page.wait_for_timeout(1000 * PLAY_SECONDS)
    drawn = page.evaluate("latticework.framesDrawn") - before
    fps = drawn / (time.perf_counter() - began)
    found = {"usable_ms": usable, "frames_per_second": fps, "run_ms": run_ms}
    if name == CUBE:
        found["outer_step_ms"] = run_ms / page.evaluate("latticework.model.outer")
    context.close()
    return found


def main() -> None:
    """Measure all models in turn, round by round."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=5)
    rounds = parser.parse_args().rounds
    path = shutil.which("chromium-headless-shell") or shutil.which("chromium")
    before = machine()
    rows: dict[str, list[dict[str, float]]] = {}
    with serving() as (url, models), sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, chromium_sandbox=False)
        version = browser.version
        for _ in range(rounds):
            for name in models:
                rows.setdefault(name, []).append(measure(browser, url, name))
        browser.close()
    summary = {
        name: {key: statistics.median(one[key] for one in found) for key in found[0]}
        for name, found in rows.items()
    }
    write_json(
        ROOT / "results" / "benchmarks" / "page.json",
        {"machine": before, "chromium": version, "rounds": rows, "median": summary},
    )
    for name, values in summary.items():
        print(name, {key: round(value, 1) for key, value in values.items()})


if __name__ == "__main__":
    main()
