"""The connection itself: at most so many requests at once over both ways, and none to any other host."""

from __future__ import annotations

import asyncio
import logging
import time
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from playwright.async_api import Error as PlaywrightError
from scrapy import Request
from scrapy import signals as scrapy_signals
from scrapy.exceptions import IgnoreRequest
from scrapy.http import Response
from scrapy_playwright.handler import ScrapyPlaywrightDownloadHandler

from ims_spiders.config import load_tracker_config
from ims_spiders.exceptions import BrowserMissing
from ims_spiders.middlewares.gate import gate_of
from ims_spiders.middlewares.outage import PROBE
from ims_spiders.spiders import signals

if TYPE_CHECKING:
    from playwright.async_api import Page
    from playwright.async_api import Request as BrowserRequest
    from scrapy.crawler import Crawler

logger = logging.getLogger(__name__)

UNNEEDED = frozenset({"image", "media", "font"})
"""What a browser page would fetch besides, and what no page object reads."""

PAGE = "ims_browser_page"
"""Key in a request's meta: the page that was opened for it, while it is under way."""


class TrackerDownloadHandler(ScrapyPlaywrightDownloadHandler):  # type: ignore[misc]
    """scrapy-playwright's handler behind a gate, tied to the tracker's host, closing its browser when idle."""

    def __init__(self, crawler: Crawler):
        super().__init__(crawler)
        self._gate = gate_of(crawler)
        self._host = urlsplit(load_tracker_config().base_url).hostname
        self._idle_seconds = crawler.settings.getfloat("IMS_BROWSER_IDLE_SECONDS")
        self._last_use = time.monotonic()
        self._browser_requests = 0
        self._held: dict[Page, set[BrowserRequest]] = {}
        self._idle_watch: asyncio.Task[None] | None = None
        self.abort_request = self._enter_or_abort
        crawler.signals.connect(self._start_watch, scrapy_signals.engine_started)
        crawler.signals.connect(self._say_left_open, scrapy_signals.spider_closed)

    async def download_request(self, request: Request) -> Response:
        """Download through the gate. Raises IgnoreRequest for another host, BrowserMissing without a browser."""
        if urlsplit(request.url).hostname != self._host:
            raise IgnoreRequest(f"{request.url} is not on the tracker's host")
        if request.meta.get(PROBE):
            answer: Response = await super().download_request(request)
            return answer
        if not request.meta.get("playwright"):
            async with self._gate:
                response: Response = await super().download_request(request)
            request.meta["ims_wire_bytes"] = len(response.body)
            return response
        self._browser_requests += 1
        try:
            return await self._download_in_browser(request)
        finally:
            request.meta.pop(PAGE, None)
            self._browser_requests -= 1
            self._last_use = time.monotonic()

    async def _download_in_browser(self, request: Request) -> Response:
        seconds = request.meta.get("download_timeout") or self._crawler.settings.getfloat("DOWNLOAD_TIMEOUT")
        try:
            # A stuck browser answers nothing, not even a cancelled navigation: never wait for it without a limit.
            async with asyncio.timeout(float(seconds)):
                response: Response = await super().download_request(request)
                return response
        except BrowserMissing as error:
            self._crawler.signals.send_catch_log(signals.problem, error=error, url=request.url)
            raise
        except (TimeoutError, PlaywrightError):
            await self._close_left_open(request)
            raise

    async def _close_left_open(self, request: Request) -> None:
        for page in list(self._held):
            if page.is_closed():
                self._release_page(page)
        # A navigation that is given up for its time is cancelled, and scrapy-playwright leaves its page open then.
        request.meta.pop("playwright_page", None)
        own: Page | None = request.meta.get(PAGE)
        if own is not None and not own.is_closed():
            try:
                async with asyncio.timeout(10):
                    await own.close()
            except (TimeoutError, PlaywrightError):
                logger.warning("A browser page could not be closed")

    async def _create_page(self, request: Request, spider: Any) -> Page:
        page: Page = await super()._create_page(request, spider)
        self._held[page] = set()
        page.on("requestfinished", lambda ended: self._leave(page, ended))
        page.on("requestfailed", lambda ended: self._leave(page, ended))
        page.on("close", lambda _: self._release_page(page))
        page.on("crash", lambda _: self._release_page(page))
        request.meta[PAGE] = page
        return page

    async def _enter_or_abort(self, request: BrowserRequest) -> bool:
        """scrapy-playwright asks this of each request of a page: True refuses it. Waits at the gate otherwise."""
        if urlsplit(request.url).scheme in {"data", "blob", "about"}:
            return False
        if urlsplit(request.url).hostname != self._host or request.resource_type in UNNEEDED:
            return True
        page = request.frame.page
        held = self._held.get(page)
        if held is None:
            return True
        await self._gate.acquire()
        if page.is_closed():
            self._gate.release()
            return True
        held.add(request)
        return False

    def _leave(self, page: Page, request: BrowserRequest) -> None:
        first = request
        while first.redirected_from is not None:
            first = first.redirected_from
        held = self._held.get(page, set())
        if first in held:
            held.remove(first)
            self._gate.release()

    def _release_page(self, page: Page) -> None:
        for _ in self._held.pop(page, set()):
            self._gate.release()

    def _start_watch(self) -> None:
        self._idle_watch = asyncio.create_task(self._close_when_idle())

    def _say_left_open(self) -> None:
        if pages := self._get_total_page_count():
            logger.warning("%d browser pages were left open; they are closed with the browser", pages)

    async def _close_when_idle(self) -> None:
        """The browser is closed when nothing needs it: it holds more memory than the rest of the crawl."""
        while True:
            await asyncio.sleep(min(self._idle_seconds, 1.0) or 0.1)
            idle = time.monotonic() - self._last_use >= self._idle_seconds
            if not hasattr(self, "browser") or self._browser_requests or self._held or not idle:
                continue
            logger.info("Closing the browser: nothing needs it")
            try:
                async with asyncio.timeout(20):
                    await self.browser.close()
                    await self.browser_provider.close()
            except (TimeoutError, PlaywrightError):
                logger.warning("The browser did not close in time")
            self.context_wrappers.clear()
            if hasattr(self, "browser"):
                del self.browser

    async def close(self) -> None:
        """Close browser and connections; called by Scrapy at the end, also of an interrupted crawl."""
        if self._idle_watch is not None:
            self._idle_watch.cancel()
        try:
            async with asyncio.timeout(30):
                await super().close()
        except (TimeoutError, PlaywrightError):
            logger.warning("The browser did not close in time")
            await self.browser_provider.close()
