"""The listening socket, which can be taken away for a while as in an outage."""

from __future__ import annotations

import asyncio

from aiohttp import web


class Listener:
    """Opens, closes and re-opens the port of a runner's server."""

    def __init__(self, runner: web.AppRunner, host: str) -> None:
        self._runner = runner
        self._host = host
        self._port = 0
        self._socket: asyncio.Server | None = None
        self._reopening: asyncio.Task[None] | None = None

    async def open(self, port: int) -> int:
        """Listen on that port, or on a free one for 0; returns the port. Raises OSError when it is taken."""
        server = self._runner.server
        if server is None:
            raise RuntimeError("the runner must be set up first")
        self._socket = await asyncio.get_running_loop().create_server(server, self._host, port, backlog=512)
        self._port = int(self._socket.sockets[0].getsockname()[1])
        return self._port

    def pause(self, seconds: float) -> None:
        """Stop listening, cut every connection, and listen again after that many seconds."""
        if self._socket is None or (self._reopening is not None and not self._reopening.done()):
            return
        self._socket.close()
        server = self._runner.server
        for connection in list(server.connections) if server else []:
            if connection.transport is not None:
                connection.transport.abort()
        self._reopening = asyncio.create_task(self._reopen(seconds))

    async def _reopen(self, seconds: float) -> None:
        await asyncio.sleep(seconds)
        await self.open(self._port)

    def resume(self) -> None:
        """End a pause now; nothing happens when there is none."""
        if self._reopening is not None and not self._reopening.done():
            self._reopening.cancel()
            self._reopening = asyncio.create_task(self._reopen(0.0))

    def close(self) -> None:
        """Stop listening for good."""
        if self._reopening is not None:
            self._reopening.cancel()
        if self._socket is not None:
            self._socket.close()
