"""Mirrors, simulated on the loopback: every way to fail takes a bounded time and has a reason."""

import gzip
import http.server
import threading
import urllib.request
from collections.abc import Callable, Iterator

import pytest
from tasks_support import bare_machine, contents, holds_small_set, known_set  # noqa: F401

from latticework.tasks import DataSource, NoDataError, fetch, mirrors, sources
from latticework.tasks.catalogue import CATALOGUE

PATIENCE = 60.0
"""Longer than any machine is too busy for, in seconds; nothing takes so long but what is broken."""

Answer = Callable[[http.server.BaseHTTPRequestHandler, bytes], None]


class Clock:
    """Seconds as the library sees them: they pass when a test says so."""

    def __init__(self) -> None:
        self.now = 0.0

    def monotonic(self) -> float:
        return self.now


class Mirror(http.server.ThreadingHTTPServer):
    """A server of the small set whose way to answer can be set, per path."""

    daemon_threads = True
    block_on_close = False

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.files = {f"/set/{n}.gz": gzip.compress(c) for n, c in contents().items()}
        self.answers: dict[str, Answer] = {}
        self.asked: list[str] = []
        self.closing = threading.Event()
        self.clock = Clock()
        self.base = f"http://127.0.0.1:{self.server_port}/set/"

    def answer_all(self, answer: Answer) -> None:
        self.answers = dict.fromkeys(self.files, answer)

    def handle_error(self, request, client_address) -> None:
        """Callers hang up on purpose."""


class Handler(http.server.BaseHTTPRequestHandler):
    server: Mirror

    def do_GET(self) -> None:
        self.server.asked.append(self.path)
        self.server.answers.get(self.path, whole)(self, self.server.files.get(self.path, b""))

    def log_message(self, format, *args) -> None:
        pass

    def head(self, length: int, status: int = 200) -> None:
        self.send_response(status)
        self.send_header("Content-Length", str(length))
        self.end_headers()


def whole(handler, content: bytes) -> None:
    handler.head(len(content), 200 if content else 404)
    handler.wfile.write(content)


def not_found(handler, content: bytes) -> None:
    handler.head(0, 404)


def silent(handler, content: bytes) -> None:
    handler.server.closing.wait(PATIENCE)


def stalls(handler, content: bytes) -> None:
    handler.head(len(content))
    handler.wfile.write(content[:20])
    handler.wfile.flush()
    handler.server.closing.wait(PATIENCE)


def drips(handler, content: bytes) -> None:
    """A byte at a time, each of them late."""
    handler.head(len(content))
    for byte in content:
        handler.server.clock.now += mirrors.TOTAL_SECONDS / 4
        handler.wfile.write(bytes([byte]))


def breaks_off(handler, content: bytes) -> None:
    handler.head(len(content))
    handler.wfile.write(content[: len(content) // 2])


def endless(handler, content: bytes) -> None:
    handler.head(1 << 40)
    while not handler.server.closing.is_set():
        handler.wfile.write(bytes(1 << 16))


def other_bytes(handler, content: bytes) -> None:
    whole(handler, gzip.compress(contents(seed=1)[handler.path[5:-3]]))


def a_web_page(handler, content: bytes) -> None:
    whole(handler, b"<html>log in to the hotel's network</html>")


@pytest.fixture
def mirror() -> Iterator[Mirror]:
    server = Mirror()
    thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
    thread.start()
    yield server
    server.closing.set()
    server.shutdown()
    server.server_close()
    thread.join()


@pytest.fixture
def clock(monkeypatch) -> Clock:
    """No download is too slow because the machine is busy."""
    clock = Clock()
    monkeypatch.setattr(mirrors, "time", clock)
    monkeypatch.setattr(sources, "time", clock)
    monkeypatch.setattr(mirrors, "ANSWER_SECONDS", PATIENCE)
    monkeypatch.setattr(mirrors, "STALL_SECONDS", PATIENCE)
    return clock


def use(monkeypatch, *bases: str) -> None:
    monkeypatch.setitem(CATALOGUE, "mnist", known_set(mirrors=bases))


def test_the_shipped_mirrors_are_https_and_end_in_a_slash(monkeypatch):
    monkeypatch.undo()
    for known in CATALOGUE.values():
        assert len(known.mirrors) >= 2
        assert all(base.startswith("https://") and base.endswith("/") for base in known.mirrors)
        assert all(len(file.sha256) == 64 for file in known.files)


def test_files_are_downloaded_once_and_kept(mirror, monkeypatch, bare_machine):  # noqa: F811
    use(monkeypatch, mirror.base)
    images = fetch("mnist", DataSource())
    assert holds_small_set(images)
    assert images.origin == str(bare_machine / "mnist")
    assert len(mirror.asked) == 4
    assert holds_small_set(fetch("mnist", DataSource()))
    assert len(mirror.asked) == 4


def test_the_second_mirror_gets_only_what_the_first_lacks(mirror, monkeypatch):
    second = Mirror()
    threading.Thread(target=second.serve_forever, args=(0.01,), daemon=True).start()
    mirror.answers["/set/t10k-images-idx3-ubyte.gz"] = not_found
    use(monkeypatch, mirror.base, second.base)
    assert holds_small_set(fetch("mnist", DataSource()))
    assert second.asked == ["/set/t10k-images-idx3-ubyte.gz", "/set/t10k-labels-idx1-ubyte.gz"]
    second.shutdown()
    second.server_close()


@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        (not_found, "HTTP status 404"),
        (silent, "no answer within 0 s"),
        (stalls, "the download broke off: timed out"),
        (drips, "it is too slow: the time for downloads is used up"),
        (breaks_off, "it sent other bytes than expected .*truncated"),
        (endless, "it sent more than .* bytes"),
        (other_bytes, "it sent other bytes than expected .*wrong checksum"),
        (a_web_page, "it sent other bytes than expected .*not an IDX file"),
    ],
)
def test_a_bad_mirror_is_given_up_with_a_reason(
    answer,
    reason,
    mirror,
    clock,
    monkeypatch,
    bare_machine,  # noqa: F811
):
    # Only what is never answered may run into a limit: otherwise a busy machine would.
    if answer is silent:
        monkeypatch.setattr(mirrors, "ANSWER_SECONDS", 0.3)
    if answer is stalls:
        monkeypatch.setattr(mirrors, "STALL_SECONDS", 0.3)
    mirror.clock = clock
    mirror.answer_all(answer)
    use(monkeypatch, mirror.base)
    with pytest.raises(NoDataError, match=f"{mirror.base}: ({reason})"):
        fetch("mnist", DataSource())
    assert len(mirror.asked) == 1, "a mirror that failed is not asked for more files"
    assert list((bare_machine / "mnist").iterdir()) == []


def test_a_port_that_is_closed(monkeypatch):
    use(monkeypatch, "http://127.0.0.1:9/set/")
    with pytest.raises(NoDataError, match=r"127.0.0.1:9/set/: Connection refused"):
        fetch("mnist", DataSource())


def test_a_name_look_up_that_hangs_is_given_up(clock, monkeypatch):
    monkeypatch.setattr(mirrors, "ANSWER_SECONDS", 0.3)
    release = threading.Event()

    def urlopen(url, timeout):
        clock.now += mirrors.TOTAL_SECONDS / 2
        release.wait(PATIENCE)
        raise OSError("too late")

    monkeypatch.setattr(urllib.request, "urlopen", urlopen)
    use(monkeypatch, "https://one.invalid/", "https://two.invalid/", "https://three.invalid/")
    with pytest.raises(NoDataError) as caught:
        fetch("mnist", DataSource())
    release.set()
    assert str(caught.value).count("no answer within") == 2
    assert "three.invalid/: not tried: the time for downloads is used up" in str(caught.value)
