"""`latticework demo [RUN...]`: a page in the browser where digits flow through the networks."""

import dataclasses
import subprocess
import webbrowser
from collections.abc import Sequence
from pathlib import Path
from threading import Thread

import tyro

from latticework.cli.arguments import DataOptions, Unprefixed, parse
from latticework.cli.export import load
from latticework.cli.output import console, print_json
from latticework.core.side_work import side_work
from latticework.demo import DemoServer, build_site
from latticework.tasks import DataSource

TEXT_BROWSERS = frozenset({"www-browser", "links", "elinks", "lynx", "w3m"})


@dataclasses.dataclass(frozen=True)
class DemoOptions:
    """Draw a digit and watch it flow through each kind of network.

    The page is served on 127.0.0.1 alone until Ctrl-C. It shows the models that come with the
    package, and those of your runs before them.

    Args:
        runs: folders of runs to show.
        port: where to serve; 0 for any free port.
        no_browser: print the address and leave the browser alone.
        data: where the digits to choose from come from; nothing is downloaded.
        json: print the address as one JSON value and nothing else.
    """

    runs: tyro.conf.Positional[tuple[Path, ...]] = ()
    port: int = 0
    no_browser: tyro.conf.FlagCreatePairsOff[bool] = False
    data: Unprefixed = dataclasses.field(default_factory=DataOptions)
    json: bool = False


def main(argv: Sequence[str]) -> int:
    """Collect, serve, stop at Ctrl-C."""
    options = parse(DemoOptions, argv, "demo")
    source = dataclasses.replace(options.data.source(), offline=True)
    server = open_server(options.runs, source, options.port)
    if options.json:
        print_json({"url": server.url})
    else:
        console().print(f"{server.url}  (Ctrl-C to stop)")
    if not options.no_browser:
        # The page answers first, and a browser that takes its time keeps nobody waiting.
        Thread(target=_open, args=(server.url,), daemon=True).start()
    server.serve()
    return 0


def _open(url: str) -> None:
    """Open a browser with windows; one that would take the terminal is left alone."""
    with side_work(f"no browser can be opened; open {url} in one"):
        browser = webbrowser.get()
        name = Path(getattr(browser, "name", "")).name
        if name in TEXT_BROWSERS:
            raise OSError(f"{name} is a program for the terminal")
        if type(browser) is not webbrowser.GenericBrowser:
            browser.open(url)
            return
        # A command of the user's in BROWSER, which may print or ask.
        words = [browser.name, *(word.replace("%s", url) for word in browser.args)]
        null = subprocess.DEVNULL
        subprocess.Popen(words, stdin=null, stdout=null, stderr=null, start_new_session=True)


def open_server(runs: Sequence[Path], source: DataSource, port: int = 0) -> DemoServer:
    """A server for the shipped models and those of `runs`."""
    return DemoServer(build_site(source, [load(run) for run in runs]), port)
