"""The server in the foreground, until it is told to end."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from aiohttp import web

from ims_spiders.exceptions import ConfigurationError
from ims_spiders.web.settings import WebSettings

IDLE_SECONDS = 30
"""How long a connection may say nothing, or half of a request."""
ENDING_SECONDS = 3
LONGEST_LINE, LONGEST_HEADER, MOST_HEADERS = 16_384, 8_190, 64


async def serve(
    app: web.Application, settings: WebSettings, on_ready: Callable[[str], None], stop: asyncio.Event
) -> None:
    """Answer requests until `stop` is set. `on_ready` is told the address.

    Raises ConfigurationError when there is no listening at that address and port.
    """
    runner = web.AppRunner(
        app, access_log=None, keepalive_timeout=IDLE_SECONDS, shutdown_timeout=ENDING_SECONDS,
        max_line_size=LONGEST_LINE, max_field_size=LONGEST_HEADER, max_headers=MOST_HEADERS,
    )  # fmt: skip
    await runner.setup()
    try:
        site = web.TCPSite(runner, settings.host, settings.port, backlog=128)
        try:
            await site.start()
        except OSError as error:
            raise ConfigurationError(
                f"cannot listen on {settings.host}, port {settings.port}: {error.strerror}; --port takes another one"
            ) from error
        on_ready(_address(runner, settings))
        await stop.wait()
    finally:
        await runner.cleanup()


def _address(runner: web.AppRunner, settings: WebSettings) -> str:
    """Where to point a browser at."""
    port = runner.addresses[0][1]
    host = f"[{settings.host}]" if ":" in settings.host else settings.host
    return f"http://{host}:{port}/"
