"""A web server for this machine alone."""

from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import unquote

from latticework.demo.site import Site

HOST = "127.0.0.1"
NAMES = frozenset({HOST, "localhost"})
POLICY = (
    "default-src 'self'; img-src 'self' data: blob:; style-src 'self' 'unsafe-inline'; "
    "worker-src 'self' blob:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)


class DemoServer:
    """Serves a `Site` on 127.0.0.1 until it is stopped.

    Args:
        site: what to hand out.
        port: 0 for any free port.

    Raises:
        OSError: the port is taken; the sentence says what would work.
    """

    def __init__(self, site: Site, port: int = 0) -> None:
        try:
            self._server = ThreadingHTTPServer((HOST, port), _handler(site))
        except (OSError, OverflowError) as error:
            raise OSError(
                f"port {port} cannot be had on {HOST} ({error}); leave --port out for a free one"
            ) from error
        self._server.daemon_threads = True

    @property
    def url(self) -> str:
        """Where the page is."""
        return f"http://{HOST}:{self._server.server_address[1]}/"

    def serve(self) -> None:
        """Answer until `stop` is called or the process is interrupted."""
        try:
            self._server.serve_forever(poll_interval=0.1)
        finally:
            self._server.server_close()

    def stop(self) -> None:
        """Make `serve` return; call it from another thread."""
        self._server.shutdown()


def _handler(site: Site) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        """Looks a path up; there is no file system behind it."""

        protocol_version = "HTTP/1.1"
        server_version = "latticework"
        sys_version = ""
        timeout = 30

        def do_GET(self) -> None:
            """Answer with a page of the site."""
            self._answer(has_body=True)

        def do_HEAD(self) -> None:
            """The same without the body."""
            self._answer(has_body=False)

        def _answer(self, has_body: bool) -> None:
            page = site.pages.get(unquote(self.path.partition("?")[0]))
            # A name that is not this machine's is a page elsewhere trying to read this one.
            if self.headers.get("Host", "").partition(":")[0] not in NAMES:
                self._send(HTTPStatus.FORBIDDEN, "text/plain", b"only this machine\n", has_body)
            elif page is None:
                self._send(HTTPStatus.NOT_FOUND, "text/plain", b"not found\n", has_body)
            else:
                self._send(HTTPStatus.OK, page.content_type, page.body, has_body)

        def _send(self, status: HTTPStatus, kind: str, body: bytes, has_body: bool) -> None:
            self.send_response(status)
            self.send_header("Content-Type", kind)
            self.send_header("Content-Length", str(len(body)))
            self.send_header("Cache-Control", "no-cache")
            self.send_header("Content-Security-Policy", POLICY)
            self.send_header("X-Content-Type-Options", "nosniff")
            self.end_headers()
            if has_body:
                self.wfile.write(body)

        def handle(self) -> None:
            """A browser that goes away is no error."""
            try:
                super().handle()
            except (TimeoutError, ConnectionError):
                self.close_connection = True

        def log_message(self, *_args: Any) -> None:
            """Nothing: the terminal shows the address alone."""

    return Handler
