"""A server before the demo tracker that changes what it answers: the tracker on the day after its template changed."""

from __future__ import annotations

import http.client
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from email.utils import format_datetime, parsedate_to_datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from ims_spiders.demo.server import DemoTracker

Change = Callable[[str, str], str]
"""Takes an answer's path and body; gives the body that is sent."""
OWN = frozenset({"Content-Length", "Transfer-Encoding", "Connection"})


class Rewriter(ThreadingHTTPServer):
    """Passes requests on to the tracker. `change` is asked for every answer that is text."""

    def __init__(self, tracker: DemoTracker, change: Change, clock: timedelta):
        super().__init__(("127.0.0.1", 0), Handler)
        self.tracker = tracker
        self.change = change
        self.clock = clock


class Handler(BaseHTTPRequestHandler):
    """One request."""

    server: Rewriter

    def do_GET(self) -> None:
        self._pass_on(None)

    def do_POST(self) -> None:
        self._pass_on(self.rfile.read(int(self.headers["Content-Length"])))

    def _pass_on(self, body: bytes | None) -> None:
        connection = http.client.HTTPConnection("127.0.0.1", self.server.tracker.port, timeout=20)
        sent = {name: value for name, value in self.headers.items() if name not in {"Host", "Accept-Encoding"}}
        connection.request(self.command, self.path, body, sent)
        answer = connection.getresponse()
        content = answer.read()
        if answer.headers.get_content_type() in {"text/html", "application/json"}:
            content = self.server.change(self.path, content.decode()).encode()
        self.send_response_only(answer.status)
        for name, value in answer.headers.items():
            if name not in OWN:
                self.send_header(name, self._dated(value) if name == "Date" else value)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)
        connection.close()

    def _dated(self, value: str) -> str:
        return format_datetime(parsedate_to_datetime(value) + self.server.clock, usegmt=True)

    def log_message(self, *arguments: object) -> None:
        return


@contextmanager
def rewritten(tracker: DemoTracker, change: Change, clock: timedelta = timedelta()) -> Iterator[str]:
    """Its address. `clock` is added to every Date."""
    server = Rewriter(tracker, change, clock)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()
