"""The connection itself: so many requests at once over both ways, none off the tracker, none that changes it."""

from __future__ import annotations

import asyncio
import logging
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from playwright.async_api import Error as PlaywrightError
from scrapy import Request
from scrapy import signals as scrapy_signals
from scrapy.http import Response

from ims_spiders.config import load_tracker_config
from ims_spiders.exceptions import BrowserMissing, CrawlEnding
from ims_spiders.login.browser_login import close_page
from ims_spiders.login.origin import READING, Fence, RequestRefused, shown_address
from ims_spiders.login.sealed_browser import CONTEXT_OPTIONS, LOCAL, PERMIT, Permit, seal, why_refused
from ims_spiders.middlewares.browser_watch import WatchedBrowserHandler
from ims_spiders.middlewares.gate import gate_of
from ims_spiders.middlewares.outage import PROBE
from ims_spiders.middlewares.pace import FilePace
from ims_spiders.spiders import signals

if TYPE_CHECKING:
    from playwright.async_api import Page
    from playwright.async_api import Request as BrowserRequest
    from scrapy.crawler import Crawler

logger = logging.getLogger(__name__)

UNNEEDED = frozenset({"image", "media", "font"})
"""What a browser page would fetch besides, and what no page object reads."""

LED_AWAY = "ims_led_away"
"""Key in a request's meta: where its page was redirected to, off the tracker."""

MOST_SAID = 200
"""Refused requests that are logged, each once: a page may make up any number of addresses."""


class TrackerDownloadHandler(WatchedBrowserHandler):
    """scrapy-playwright's handler behind a gate, tied to the tracker's origin, its browser watched."""

    def __init__(self, crawler: Crawler):
        super().__init__(crawler)
        self._gate = gate_of(crawler)
        self._pace = FilePace(crawler)
        self._fence = Fence(load_tracker_config().base_url)
        self._said: set[tuple[str, str, str]] = set()
        self._permits: dict[Page, Permit] = {}
        self._held: dict[Page, set[BrowserRequest]] = {}
        self.abort_request = self._enter_or_abort
        crawler.signals.connect(self._say_left_open, scrapy_signals.spider_closed)

    async def download_request(self, request: Request) -> Response:
        """Download through the gate. Raises RequestRefused for what would leave the tracker or change something there,
        BrowserMissing without a browser."""
        self._refuse_or_pass(request)
        if request.meta.get(PROBE):
            answer: Response = await super().download_request(request)
            return answer
        if not request.meta.get("playwright"):
            async with self._gate, self._pace.keep(request):
                response: Response = await super().download_request(request)
            request.meta["ims_wire_bytes"] = len(response.body)
            return response
        return await self._download_in_browser(request)

    def _refuse_or_pass(self, request: Request) -> None:
        """Redirects and repetitions come by here, too, and whatever asks for `dont_filter`."""
        if not self._fence.allows(request.url):
            self._say_refused(request.method, request.url, "not on the tracker")
            raise RequestRefused(self._fence.refusal(request.url))
        form = request.meta.get("ims_login") or request.meta.get("ims_file_of") is not None
        if request.method not in READING and not (request.method == "POST" and form):
            self._say_refused(request.method, request.url, "it may change something")
            raise RequestRefused(f"{request.method} {shown_address(request.url)} was not sent: it may change something")

    def _say_refused(self, method: str, url: str, reason: str) -> None:
        line = (method, shown_address(url), reason)
        if line not in self._said and len(self._said) < MOST_SAID:
            self._said.add(line)
            logger.warning("Refused: %s %s (%s)", *line)

    async def _download_in_browser(self, request: Request) -> Response:
        try:
            return await self.download_in_browser(request)
        except BrowserMissing as error:
            self._crawler.signals.send_catch_log(signals.problem, error=error, url=request.url)
            raise
        except (TimeoutError, PlaywrightError) as error:
            away = request.meta.pop(LED_AWAY, None)
            if away is not None:
                self._say_refused("GET", away, "not on the tracker")
                raise RequestRefused(self._fence.refusal(away)) from error
            raise

    async def _create_browser_context(self, name: str, context_kwargs: Any, spider: Any = None) -> Any:
        wrapper = await super()._create_browser_context(name, {**(context_kwargs or {}), **CONTEXT_OPTIONS}, spider)
        await seal(wrapper.context, self._say_refused)
        return wrapper

    async def _create_page(self, request: Request, spider: Any) -> Page:
        page: Page = await super()._create_page(request, spider)
        self._held[page] = set()
        self._permits[page] = request.meta.get(PERMIT) or Permit()
        page.on("request", lambda sent: self._note_led_away(page, request, sent))
        page.on("popup", lambda popup: asyncio.ensure_future(close_page(popup)))
        page.on("requestfinished", lambda ended: self._leave(page, ended))
        page.on("requestfailed", lambda ended: self._leave(page, ended))
        return page

    async def _enter_or_abort(self, request: BrowserRequest) -> bool:
        """scrapy-playwright asks this of each request of a page: True refuses it. Waits at the gate otherwise."""
        if urlsplit(request.url).scheme in LOCAL:
            return False
        if request.resource_type in UNNEEDED:
            return True
        page = request.frame.page
        refused = why_refused(request, self._fence, self._permits.get(page, Permit()))
        if refused is not None:
            self._say_refused(request.method, request.url, refused)
            return True
        held = self._held.get(page)
        if held is None:
            return True
        return not await self._enter(page, request, held)

    async def _enter(self, page: Page, request: BrowserRequest, held: set[BrowserRequest]) -> bool:
        """Whether the request was let in, and its page is still there to send it."""
        try:
            await self._gate.acquire()
        except CrawlEnding:
            return False
        if page.is_closed():
            self._gate.release()
            return False
        held.add(request)
        return True

    def _note_led_away(self, page: Page, asked: Request, sent: BrowserRequest) -> None:
        """A redirect is followed by the browser without asking; it finds no such host then (sealed_browser.py)."""
        if sent.redirected_from is None or not sent.is_navigation_request() or sent.frame != page.main_frame:
            return
        if not self._fence.allows(sent.url):
            asked.meta[LED_AWAY] = sent.url

    def _leave(self, page: Page, request: BrowserRequest) -> None:
        first = request
        while first.redirected_from is not None:
            first = first.redirected_from
        held = self._held.get(page, set())
        if first in held:
            held.remove(first)
            self._gate.release()

    def _release_page(self, page: Page) -> None:
        self._permits.pop(page, None)
        for _ in self._held.pop(page, set()):
            self._gate.release()

    def _say_left_open(self) -> None:
        if pages := self._get_total_page_count():
            logger.warning("%d browser pages were left open; they are closed with the browser", pages)
