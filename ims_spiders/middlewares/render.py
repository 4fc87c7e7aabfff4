"""Sends pages through the browser where that is asked for, and hands on the page as the tracker sent it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from playwright.async_api import Error as PlaywrightError
from playwright.async_api import TimeoutError as PlaywrightTimeout
from scrapy import Request
from scrapy.http import Response, TextResponse
from scrapy_playwright.page import PageMethod

from ims_spiders.config import load_tracker_config
from ims_spiders.login.browser_login import CONTEXT
from ims_spiders.middlewares.session import SessionMiddleware

if TYPE_CHECKING:
    from playwright.async_api import Page
    from playwright.async_api import Response as BrowserResponse
    from scrapy.crawler import Crawler


SETTLE_SECONDS = 10


class RenderMiddleware:
    """Stands between session and connection.

    A page from the browser is read from the document that the tracker sent, so that both ways give the same item;
    `ims_render: dom` in a request's meta asks for the page as its scripts leave it instead.
    """

    def __init__(self, crawler: Crawler):
        self._crawler = crawler
        self._always = load_tracker_config().render == "always"

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> RenderMiddleware:
        """Made by Scrapy."""
        return cls(crawler)

    def process_request(self, request: Request) -> None:
        """Mark what the browser is to fetch: marked requests, and with IMS_RENDER=always every page."""
        wanted = request.meta.get("ims_render") or (self._always and request.meta.get("ims_page"))
        if not wanted or request.meta.get("ims_login"):
            return
        request.meta.update(
            playwright=True,
            playwright_context=CONTEXT,
            playwright_page_init_callback=self._prepare,
            playwright_page_goto_kwargs={"wait_until": "load"},
        )
        if request.meta.get("ims_render") == "dom":
            request.meta["playwright_page_methods"] = [PageMethod(settle)]

    def process_response(self, request: Request, response: Response) -> Response:
        """Put the tracker's own document in the place of the rendered one."""
        document: Document | None = request.meta.pop("ims_document", None)
        if not isinstance(response, TextResponse) or document is None or document.body is None:
            return response
        if request.meta.get("ims_render") == "dom":
            return response
        return response.replace(body=document.body, encoding=None, headers=document.headers)

    async def _prepare(self, page: Page, request: Request) -> None:
        generation = request.meta.get("ims_generation")
        sessions = self._crawler.get_downloader_middleware(SessionMiddleware)
        if generation is not None and sessions is not None:
            await page.context.add_cookies(sessions.cookies(int(generation)))  # type: ignore[arg-type]
        document = request.meta["ims_document"] = Document(page)
        page.on("response", document.keep)


async def settle(page: Page) -> None:
    """Wait until scripts have fetched what they fill the page with; not longer than that takes a patient reader."""
    try:
        await page.wait_for_load_state("networkidle", timeout=SETTLE_SECONDS * 1000)
    except PlaywrightTimeout:
        return


class Document:
    """The body and headers of the last main document that a page loaded."""

    def __init__(self, page: Page):
        self._page = page
        self.body: bytes | None = None
        self.headers: dict[str, Any] = {}

    async def keep(self, response: BrowserResponse) -> None:
        """Handler of the page's `response` event."""
        request = response.request
        if not request.is_navigation_request() or request.frame != self._page.main_frame:
            return
        if 300 <= response.status < 400:
            return
        try:
            self.body = await response.body()
            headers = await response.all_headers()
        except PlaywrightError:
            self.body = None
            return
        self.headers = {name: value for name, value in headers.items() if name != "content-encoding"}
