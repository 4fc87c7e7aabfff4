"""Learns once a session how attachments are requested: the browser clicks one link, the request it makes is kept."""

from __future__ import annotations

import asyncio
import logging
from typing import TYPE_CHECKING, Any

from playwright.async_api import Error as PlaywrightError
from scrapy import Request
from scrapy.http.request import NO_CALLBACK

from ims_spiders.config import TrackerConfig
from ims_spiders.exceptions import AttachmentUnlearned, BrowserMissing
from ims_spiders.items import Attachment
from ims_spiders.login.browser_login import Download, close_page
from ims_spiders.login.download_pattern import DownloadPattern, derive_pattern, parse_pattern
from ims_spiders.login.lost_browser import is_lost, while_it_lives
from ims_spiders.login.origin import Fence
from ims_spiders.login.sealed_browser import PERMIT, Permit

if TYPE_CHECKING:
    from playwright.async_api import Page, Route
    from playwright.async_api import Request as BrowserRequest

logger = logging.getLogger(__name__)

CLICK_SECONDS = 15
FOLLOW_UP_SECONDS = 2.0
"""How long a script may take from a preliminary check to the download itself."""

CLICK = """(fileId) => {
  const link = [...document.querySelectorAll('[onclick*="downloadFileNew"], a[href*="downloadFileNew"]')]
    .find(element => ((element.getAttribute('onclick') || '') + (element.getAttribute('href') || ''))
      .match(new RegExp('downloadFileNew\\\\(\\\\s*[\\'"]?' + fileId + '[\\'"]?\\\\s*[,)]')));
  if (!link) return false;
  link.click();
  return true;
}"""


class AttachmentRequests:
    """Makes the request for any attachment. `download` sends a request through Scrapy's engine."""

    def __init__(self, config: TrackerConfig, download: Download):
        self._config = config
        self._fence = Fence(config.base_url)
        self._download = download
        self._given = parse_pattern(config.attachment_url, config.base_url) if config.attachment_url else None
        self._patterns: dict[str, DownloadPattern | AttachmentUnlearned] = {}
        self._locks: dict[str, asyncio.Lock] = {}

    async def request_for(self, issue_id: str, issue_url: str, attachment: Attachment) -> Request:
        """The request that gets this attachment's bytes. Raises AttachmentUnlearned when it cannot be learned."""
        if attachment.kind == "INLINE":
            return Request(attachment.url or "", callback=NO_CALLBACK, dont_filter=True)
        if self._given is not None:
            return self._given.request(issue_id, attachment)
        pattern = await self._pattern(issue_id, issue_url, attachment)
        if isinstance(pattern, AttachmentUnlearned):
            raise pattern
        return pattern.request(issue_id, attachment)

    async def exact_request_for(self, issue_id: str, issue_url: str, attachment: Attachment) -> Request | None:
        """The request that the page itself makes for just this file; None when the learned one is all there is.

        For trackers whose requests hold something that no pattern knows, and slower: a page of the browser a file.
        """
        if attachment.kind == "INLINE" or self._given is not None or self._config.render == "never":
            return None
        return (await self._observe(issue_id, issue_url, attachment)).request(issue_id, attachment)

    async def _pattern(
        self, issue_id: str, issue_url: str, attachment: Attachment
    ) -> DownloadPattern | AttachmentUnlearned:
        # A pattern for each kind: patch files may have a URL of their own.
        lock = self._locks.setdefault(attachment.kind, asyncio.Lock())
        async with lock:
            known = self._patterns.get(attachment.kind)
            if isinstance(known, DownloadPattern):
                return known
            try:
                pattern = await self._observe(issue_id, issue_url, attachment)
            except AttachmentUnlearned as error:
                # Not for ever: another issue's page may show it.
                return error
            logger.info("Learned how %s attachments are requested: %s %s", attachment.kind, pattern.method, pattern.url)
            self._patterns[attachment.kind] = pattern
            return pattern

    async def _observe(self, issue_id: str, issue_url: str, attachment: Attachment) -> DownloadPattern:
        """From a click on the page; from another one when the browser is lost meanwhile."""
        for is_last in (False, True):
            try:
                return await self._observe_once(issue_id, issue_url, attachment)
            except (TimeoutError, PlaywrightError) as error:
                if is_last or not (isinstance(error, PlaywrightError) and is_lost(error)):
                    raise AttachmentUnlearned(
                        f"the browser could not be watched while it requests an attachment ({type(error).__name__})"
                    ) from error
        raise AssertionError("the last attempt returns or raises")

    async def _observe_once(self, issue_id: str, issue_url: str, attachment: Attachment) -> DownloadPattern:
        if self._config.render == "never":
            raise AttachmentUnlearned(
                "how attachments are requested is learned with a browser, and IMS_RENDER=never forbids it; "
                "set IMS_ATTACHMENT_URL, or IMS_RENDER=auto"
            )
        permit = Permit()
        request = Request(
            issue_url,
            callback=NO_CALLBACK,
            dont_filter=True,
            meta={"ims_render": "dom", "playwright_include_page": True, PERMIT: permit},
        )
        page: Page | None = None
        try:
            response = await self._download(request)
            page = response.meta.get("playwright_page")
            if page is None:
                raise AttachmentUnlearned(f"{issue_url} did not open in the browser; it will be tried again")
            async with asyncio.timeout(CLICK_SECONDS + 10):
                with permit:
                    seen = await while_it_lives(page, click_and_watch(page, attachment.file_id))
            if not self._fence.allows(seen.url):
                raise AttachmentUnlearned(f"the page gets attachments elsewhere: {self._fence.refusal(seen.url)}")
            return derive_pattern(
                seen.method,
                seen.url,
                seen.post_data or "",
                seen.headers.get("content-type", ""),
                issue_id,
                attachment,
            )
        except BrowserMissing as error:
            raise AttachmentUnlearned(str(error)) from error
        finally:
            await close_page(page)


async def click_and_watch(page: Page, file_id: str) -> BrowserRequest:
    """Click the link of a file and return the request that would fetch it; the file itself is not fetched.

    A script may ask something first (is the session alive, is the file there): such calls go through, and the
    navigation, form or frame that follows is taken. Raises AttachmentUnlearned when nothing that names the file comes.
    """
    watch = _Watch(file_id)
    await page.route("**/*", watch.on_route)
    page.context.on("request", watch.on_request)
    page.on("popup", lambda popup: asyncio.ensure_future(close_page(popup)))
    page.on("dialog", lambda dialog: asyncio.ensure_future(dialog.dismiss()))
    try:
        if not await page.evaluate(CLICK, file_id):
            raise AttachmentUnlearned(f"{page.url} has no download link for file {file_id}")
        return await watch.result()
    finally:
        page.context.remove_listener("request", watch.on_request)


class _Watch:
    """Collects what a click sends: a document request is the download, a script's call may only precede it."""

    def __init__(self, file_id: str):
        self._file_id = file_id
        self._final: asyncio.Future[BrowserRequest] = asyncio.get_running_loop().create_future()
        self._calls: list[BrowserRequest] = []
        self._called = asyncio.Event()

    async def on_route(self, route: Route) -> None:
        if route.request.resource_type == "document":
            self.on_request(route.request)
            # 204 leaves the page as it is, and the tracker does not send a file that nobody keeps.
            await route.fulfill(status=204)
        else:
            await route.fallback()

    def on_request(self, request: BrowserRequest) -> None:
        # Pages of other issues may be loading in the same context: only what names the file counts.
        if self._file_id not in request.url + (request.post_data or ""):
            return
        if request.resource_type == "document":
            if not self._final.done():
                self._final.set_result(request)
        else:
            self._calls.append(request)
            self._called.set()

    async def result(self) -> BrowserRequest:
        waiting = asyncio.ensure_future(self._called.wait())
        try:
            either: set[asyncio.Future[Any]] = {waiting, self._final}
            await asyncio.wait(either, timeout=CLICK_SECONDS, return_when=asyncio.FIRST_COMPLETED)
            if not self._final.done() and self._calls:
                await asyncio.wait({self._final}, timeout=FOLLOW_UP_SECONDS)
        finally:
            waiting.cancel()
        if self._final.done():
            return self._final.result()
        if self._calls:
            return self._calls[-1]
        raise AttachmentUnlearned(f"clicking the link of file {self._file_id} requested nothing")


def require_pattern(config: TrackerConfig) -> None:
    """Raises ConfigurationError when IMS_ATTACHMENT_URL is set and unusable, before anything is asked."""
    if config.attachment_url:
        parse_pattern(config.attachment_url, config.base_url)
