"""A real chat endpoint on a port of its own, which behaves as well or badly as it is told."""

from __future__ import annotations

import asyncio
import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from aiohttp import web


@dataclass
class Endpoint:
    """What it answers, and what it was asked."""

    content: Any = '{"ims_query": "timeout"}'
    status: int = 200
    body: bytes | None = None  # instead of a chat answer
    key: str | None = None
    location: str | None = None
    hangs: bool = False
    drips: bool = False
    url: str = ""
    requests: list[dict[str, Any]] = field(default_factory=list)
    paths: list[str] = field(default_factory=list)
    keys: list[str | None] = field(default_factory=list)

    def says(self, ims_query: Any) -> None:
        """The well-formed answer with this query."""
        self.content = json.dumps({"ims_query": ims_query})

    async def answer(self, request: web.Request) -> web.StreamResponse:
        """One question."""
        self.paths.append(request.path)
        self.keys.append(request.headers.get("Authorization"))
        self.requests.append(await request.json())
        if self.hangs:
            await asyncio.sleep(5)
        if self.drips:
            return await self._drip(request)
        if self.location:
            return web.Response(status=307, headers={"Location": self.location})
        if self.key is not None and self.keys[-1] != f"Bearer {self.key}":
            return web.json_response({"error": f"bad key {self.keys[-1]}"}, status=401)
        if self.body is not None:
            return web.Response(body=self.body, status=self.status)
        return web.json_response({"choices": [{"message": {"content": self.content}}]}, status=self.status)

    @staticmethod
    async def _drip(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse(headers={"Content-Length": "100000"})
        await response.prepare(request)
        for _ in range(50):
            await response.write(b" ")
            await asyncio.sleep(0.1)
        return response


@contextmanager
def running_endpoint() -> Iterator[Endpoint]:
    """The endpoint while it listens; its address is `url`."""
    endpoint = Endpoint()
    loop = asyncio.new_event_loop()
    ready = threading.Event()
    runners: list[web.AppRunner] = []

    async def start() -> None:
        application = web.Application()
        application.router.add_post("/{path:.*}", endpoint.answer)
        runner = web.AppRunner(application, shutdown_timeout=0.2)
        await runner.setup()
        site = web.TCPSite(runner, "127.0.0.1", 0)
        await site.start()
        runners.append(runner)
        endpoint.url = f"http://127.0.0.1:{runner.addresses[0][1]}/v1"
        ready.set()

    def serve() -> None:
        asyncio.set_event_loop(loop)
        loop.run_until_complete(start())
        loop.run_forever()

    thread = threading.Thread(target=serve, daemon=True)
    thread.start()
    assert ready.wait(10)
    yield endpoint
    asyncio.run_coroutine_threadsafe(runners[0].cleanup(), loop).result(10)
    loop.call_soon_threadsafe(loop.stop)
    thread.join(10)
    loop.close()
