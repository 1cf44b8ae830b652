"""A server in this process and one headless Chromium for all tests of the page."""

import contextlib
import shutil
import threading
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from latticework.demo import DemoServer, build_site
from latticework.tasks import DataSource

BROWSERS = ("chromium-headless-shell", "chromium", "chromium-browser", "google-chrome")
FLAGS = [
    "--disable-gpu-sandbox",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
GPU = ["--enable-unsafe-webgpu"]
NOISE = ("GPU stall", "willReadFrequently", "powerPreference")


@pytest.fixture(scope="session")
def server() -> Iterator[DemoServer]:
    """The demo with the shipped models and the embedded digits, on a free port."""
    with pytest.MonkeyPatch.context() as patch:
        patch.delenv("LATTICEWORK_DATA", raising=False)
        patch.setenv("LATTICEWORK_CACHE", "/nonexistent")
        site = build_site(DataSource(offline=True))
    running = DemoServer(site)
    thread = threading.Thread(target=running.serve, daemon=True)
    thread.start()
    yield running
    running.stop()
    thread.join(timeout=10)


@pytest.fixture(scope="session")
def playwright() -> Iterator[Any]:
    """Playwright, or a skip that says what is missing."""
    api = pytest.importorskip("playwright.sync_api", reason="no playwright; `make browser` gets it")
    with api.sync_playwright() as running:
        yield running


@pytest.fixture(scope="session")
def launch(playwright) -> Iterator[Callable[..., Any]]:
    """Start a browser with flags of one's own."""
    path = next((found for name in BROWSERS if (found := shutil.which(name))), None)
    if path is None:
        pytest.skip("no Chromium here; `make browser` or the package chromium-headless-shell")
    with contextlib.ExitStack() as stack:

        def start(*extra: str) -> Any:
            browser = playwright.chromium.launch(
                executable_path=path, chromium_sandbox=False, args=[*FLAGS, *extra]
            )
            stack.callback(browser.close)
            return browser

        yield start


@pytest.fixture(scope="session")
def browser(launch) -> Any:
    """Chromium with WebGPU by software."""
    return launch(*GPU)


class Page:
    """A page of the demo and what it complained of."""

    def __init__(self, page: Any, url: str) -> None:
        self.page, self.url, self.complaints = page, url, []
        page.on("console", self._hear)
        page.on("pageerror", lambda error: self.complaints.append(str(error)))

    def _hear(self, message: Any) -> None:
        if message.type in ("error", "warning") and not any(n in message.text for n in NOISE):
            self.complaints.append(message.text)

    def open(self, query: str = "", fragment: str = "") -> "Page":
        """Load and wait for the first answer."""
        self.page.goto(f"{self.url}{query}{fragment}")
        self.until("window.latticework?.episode?.scores")
        return self

    def run(self, script: str, argument: Any = None) -> Any:
        """Evaluate in the page."""
        return self.page.evaluate(script, argument)

    def until(self, script: str, seconds: float = 300) -> None:
        """Wait until an expression is true (the page's policy forbids Playwright's own waiting)."""
        end = time.monotonic() + seconds
        while not self.page.evaluate(f"Boolean({script})"):
            assert time.monotonic() < end, f"{script} did not become true: {self.complaints}"
            self.page.wait_for_timeout(15)

    def answer(self, image: list[int], label: int) -> list[float]:
        """Have an image classified."""
        self.run(
            "([image, label]) => { const app = latticework; app.episode = null;"
            " app.pick({ image: Uint8Array.from(image), label }); }",
            [image, label],
        )
        self.until("latticework.episode?.scores")
        return self.run("Array.from(latticework.episode.scores)")


@pytest.fixture
def visit(browser, server) -> Iterator[Callable[..., Page]]:
    """Open pages in fresh contexts; none may complain."""
    with contextlib.ExitStack() as stack:
        pages: list[Page] = []

        def go(query: str = "", fragment: str = "", *, using: Any = None, **options: Any) -> Page:
            context = (using or browser).new_context(**options)
            stack.callback(context.close)
            pages.append(Page(context.new_page(), server.url))
            return pages[-1].open(query, fragment)

        yield go
        assert [page.complaints for page in pages if page.complaints] == []
