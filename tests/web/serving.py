"""The archive's server in a thread, and answers as a browser would get them over HTTP."""

from __future__ import annotations

import asyncio
import http.client
import threading
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from urllib.parse import quote, urlsplit

from sqlalchemy import Engine

from ims_spiders.web.app import build_app
from ims_spiders.web.server import serve
from ims_spiders.web.settings import WebSettings


@dataclass(frozen=True)
class Answer:
    """What came back."""

    status: int
    headers: http.client.HTTPMessage
    body: bytes

    @property
    def text(self) -> str:
        return self.body.decode()


@dataclass(frozen=True)
class Site:
    """A server that runs."""

    port: int

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def get(self, path: str, headers: dict[str, str] | None = None, method: str = "GET") -> Answer:
        """The answer; `path` may hold letters of any language."""
        with closing(http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)) as connection:
            connection.request(method, quote(path, safe="/?&=%:+#.,'()"), headers=headers or {})
            with connection.getresponse() as response:
                return Answer(response.status, response.headers, response.read())


@contextmanager
def site(settings: WebSettings, connect: Callable[[], Engine]) -> Iterator[Site]:
    """A server with these settings, on a free port, until the block ends."""
    ready, address = threading.Event(), []
    loop = asyncio.new_event_loop()
    stop = asyncio.Event()

    def note(where: str) -> None:
        address.append(where)
        ready.set()

    def run() -> None:
        asyncio.set_event_loop(loop)
        loop.run_until_complete(serve(build_app(settings, connect), settings, note, stop))
        loop.run_until_complete(loop.shutdown_default_executor())
        loop.close()

    thread = threading.Thread(target=run)
    thread.start()
    assert ready.wait(20)
    try:
        yield Site(urlsplit(address[0]).port or 0)
    finally:
        loop.call_soon_threadsafe(stop.set)
        thread.join(20)
        assert not thread.is_alive()
