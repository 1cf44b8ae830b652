"""Photographs of the page for the documentation: `python docs/drawings/photograph.py`.

Needs what `make browser` installs, and MNIST for its digits.
"""

import io
import shutil
import threading
from pathlib import Path

from PIL import Image
from playwright.sync_api import Page, sync_playwright

from latticework.demo import DemoServer, build_site
from latticework.tasks import DataSource

FIGURES = Path(__file__).resolve().parents[1] / "figures"
MOMENTS = {"grid": 18.5, "gridnet": 7.0, "glom": 8.0, "tnn": 19.5}
"""When each model is taken, on its own clock."""


def take(page: Page, url: str, name: str) -> None:
    page.goto(f"{url}#model={name}&t={MOMENTS[name]}&theme=light")
    while not page.evaluate("Boolean(window.latticework?.episode?.scores)"):
        page.wait_for_timeout(50)
    page.wait_for_timeout(400)
    picture = Image.open(io.BytesIO(page.screenshot()))
    path = FIGURES / f"page-{name}.png"
    picture.convert("RGB").quantize(128).save(path, optimize=True)
    print(f"{path.name}: {path.stat().st_size // 1024} KB")


def main() -> None:
    server = DemoServer(build_site(DataSource()))
    threading.Thread(target=server.serve, daemon=True).start()
    browser = shutil.which("chromium-headless-shell") or shutil.which("chromium")
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=browser, chromium_sandbox=False)
        for name in MOMENTS:
            page = chromium.new_page(viewport={"width": 1280, "height": 860})
            take(page, server.url, name)
            page.close()
        chromium.close()
    server.stop()


if __name__ == "__main__":
    main()
