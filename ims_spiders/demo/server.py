"""The demo tracker as a server: in a thread of its own for tests, in the foreground for the command line."""

from __future__ import annotations

import asyncio
import signal
import threading
from collections.abc import Callable, Collection, Sequence
from functools import partial
from types import TracebackType
from typing import Any, Self

from aiohttp import web

from ims_spiders.demo import search, truth
from ims_spiders.demo.app import build_app
from ims_spiders.demo.faults import content
from ims_spiders.demo.faults.plan import FaultPlan
from ims_spiders.demo.listener import Listener
from ims_spiders.demo.sessions import Sessions
from ims_spiders.demo.state import ATTACHMENT_STYLES, STATE, State, check_columns
from ims_spiders.demo.world import catalog
from ims_spiders.demo.world.build import World

HOST = "127.0.0.1"


class DemoTracker:
    """A tracker with invented content. As a context manager it serves from a thread until the block ends.

    `faults` are rules in the short form `name:param=value,...`; `port` 0 takes a free one. Raises ValueError when an
    argument makes no sense, OSError when the port is taken.
    """

    def __init__(  # noqa: PLR0913 - each is a thing that a test wants to set by itself
        self,
        *,
        port: int = 0,
        issues: int = 320,
        seed: int = 1,
        faults: Sequence[str] = (),
        username: str = "demo",
        password: str = "demo",  # noqa: S107 - a tracker with invented content has nothing to protect
        attachment_style: str = "get",
        columns: Sequence[str] | None = None,
        latency: float = 0.0,
        session_idle: float = 1800.0,
    ) -> None:
        if attachment_style not in ATTACHMENT_STYLES:
            raise ValueError(
                f"attachment_style must be one of {', '.join(ATTACHMENT_STYLES)}, not {attachment_style!r}"
            )
        self.port = port
        self.world = World(issues, seed)
        self.faults = FaultPlan(faults, partial(content.install, self.world))
        self._state = State(
            self.world,
            Sessions(session_idle),
            self.faults,
            username,
            password,
            attachment_style,
            check_columns(columns),
            latency,
        )
        self.ledger = self._state.ledger
        self._loop: asyncio.AbstractEventLoop | None = None
        self._stop: asyncio.Event | None = None
        self._thread: threading.Thread | None = None
        self._failure: BaseException | None = None
        self._listener: Listener | None = None

    @property
    def base_url(self) -> str:
        """Where the tracker is, without the context path."""
        return f"http://{HOST}:{self.port}"

    def expire_sessions(self) -> None:
        """End every session now."""
        self._state.sessions.end_all()

    def end_outage(self) -> None:
        """Listen again now."""
        if self._loop is not None and self._listener is not None:
            self._loop.call_soon_threadsafe(self._listener.resume)

    def reset_ledger(self) -> None:
        """Forget the requests so far."""
        self.ledger.reset()

    def truth(self, only: Collection[str] | None = None) -> dict[str, Any]:
        """All that a complete crawl must find; `truth()["issues"]` by issue id, all of them or `only` some."""
        return truth.whole_truth(self._state, self.base_url, only)

    def matching_ids(self, keyword: str = "", product: str = "") -> list[str]:
        """Ids of what a search over all statuses finds, newest first; `product` begins the product's name."""
        codes = search.product_codes(product)
        hits = search.find(self.world, keyword, codes, catalog.STATUSES) if codes else []
        return [str(issue.issue_id) for issue in hits]

    async def run(self, on_ready: Callable[[], None], stop: asyncio.Event) -> None:
        """Serve until `stop` is set. `on_ready` is called when requests are taken."""
        app = build_app(self._state, lambda: self.base_url)
        runner = web.AppRunner(app, handler_cancellation=True, shutdown_timeout=0.5, access_log=None)
        await runner.setup()
        listener = Listener(runner, HOST)
        try:
            self.port = await listener.open(self.port)
            app[STATE].stop_listening = listener.pause
            self._listener = listener
            on_ready()
            await stop.wait()
        finally:
            listener.close()
            await runner.cleanup()

    def __enter__(self) -> Self:
        ready = threading.Event()
        self._thread = threading.Thread(target=self._serve_in_thread, args=(ready,), name="demo-tracker", daemon=True)
        self._thread.start()
        ready.wait()
        if self._failure is not None:
            self._thread.join()
            raise self._failure
        return self

    def _serve_in_thread(self, ready: threading.Event) -> None:
        async def main() -> None:
            self._loop, self._stop = asyncio.get_running_loop(), asyncio.Event()
            await self.run(ready.set, self._stop)

        try:
            asyncio.run(main())
        except BaseException as error:  # noqa: BLE001 - raised again in the thread that waits
            self._failure = error
        finally:
            ready.set()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._loop is not None and self._stop is not None and not self._loop.is_closed():
            self._loop.call_soon_threadsafe(self._stop.set)
        if self._thread is not None:
            self._thread.join(timeout=10)


def serve(tracker: DemoTracker, on_ready: Callable[[DemoTracker], None]) -> None:
    """Serve in the foreground until SIGINT or SIGTERM. Raises OSError when the port is taken."""

    async def main() -> None:
        stop = asyncio.Event()
        loop = asyncio.get_running_loop()
        for number in (signal.SIGINT, signal.SIGTERM):
            loop.add_signal_handler(number, stop.set)
        await tracker.run(lambda: on_ready(tracker), stop)

    asyncio.run(main())
