"""Stands before a tracker and packs its pages with gzip, as a web server before a real one does."""

from __future__ import annotations

import gzip
import threading
from http.client import HTTPConnection
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Any, Self
from urllib.parse import urlsplit

HOP = {"connection", "transfer-encoding", "content-length", "keep-alive"}
"""Headers between two neighbours only."""


class Packing:
    """Serves at `base_url` while the block lasts; `packed` counts pages."""

    def __init__(self, tracker_url: str):
        parts = urlsplit(tracker_url)
        self.tracker = parts.hostname or "", parts.port or 80
        self.packed = 0

    def __enter__(self) -> Self:
        packing = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self) -> None:
                packing.answer(self)

            def do_POST(self) -> None:
                packing.answer(self)

            def log_message(self, *args: Any) -> None:
                return

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self.base_url = f"http://127.0.0.1:{self._server.server_port}"
        threading.Thread(target=self._server.serve_forever, daemon=True).start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._server.shutdown()
        self._server.server_close()

    def answer(self, handler: BaseHTTPRequestHandler) -> None:
        """Hand the request on, and its answer back."""
        body = handler.rfile.read(int(handler.headers.get("Content-Length") or 0))
        headers = {name: value for name, value in handler.headers.items() if name.lower() not in HOP}
        tracker = HTTPConnection(*self.tracker, timeout=30)
        tracker.request(handler.command, handler.path, body or None, headers)
        answer = tracker.getresponse()
        content = answer.read()
        tracker.close()
        given = [(name, value) for name, value in answer.getheaders() if name.lower() not in HOP]
        accepts = "gzip" in (handler.headers.get("Accept-Encoding") or "")
        if accepts and "html" in (answer.getheader("Content-Type") or "") and answer.status == 200:
            content = gzip.compress(content)
            given.append(("Content-Encoding", "gzip"))
            self.packed += 1
        handler.send_response(answer.status)
        for name, value in given:
            handler.send_header(name, value)
        handler.send_header("Content-Length", str(len(content)))
        handler.end_headers()
        handler.wfile.write(content)
