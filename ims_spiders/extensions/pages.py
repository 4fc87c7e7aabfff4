"""Notes the tracker's answers in the session's pages.jsonl, as far as IMS_LOG_PAGES asks for it."""

from __future__ import annotations

import logging
import sys
import time
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from scrapy import Request
from scrapy import signals as scrapy_signals
from scrapy.exceptions import NotConfigured
from scrapy.http import Response

from ims_spiders.config import load_tracker_config
from ims_spiders.db.files_pages import PagesFile
from ims_spiders.exceptions import StorageError
from ims_spiders.extensions.logfile import Redaction, known_secrets
from ims_spiders.extensions.pages_kinds import READERS, asked_for, origin, read_as, taken_for
from ims_spiders.extensions.session import CrawlSession
from ims_spiders.items import utc_milliseconds
from ims_spiders.pages.urls import clean_url
from ims_spiders.spiders import signals

if TYPE_CHECKING:
    from scrapy.crawler import Crawler
    from twisted.python.failure import Failure

logger = logging.getLogger(__name__)

ASKED, ENTRY = "ims_page_asked", "ims_page_entry"
"""Keys in a request's meta: when it was sent, and what is noted of its answer while that is being read."""
AS_EXPECTED = frozenset({*READERS.values(), "attachment", "redirect"})
"""What is no error."""


class PageLog:
    """A line for each answer, login pages and repetitions included, and for each request that got none.

    What a page was taken for is known once it was read, so its line waits for that. A disk that refuses a line ends
    the log, never the crawl: nothing of what was asked for is in it.
    """

    def __init__(self, crawler: Crawler, session: CrawlSession, *, only_errors: bool):
        self._crawler = crawler
        self._only_errors = only_errors
        self._clean = Redaction(known_secrets()).clean
        self._file: PagesFile | None = PagesFile(session.folder)
        self._unread: dict[int, dict[str, Any]] = {}

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> PageLog:
        """Raises NotConfigured when IMS_LOG_PAGES is `off`, or without a session (`scrapy check`)."""
        session = CrawlSession.of(crawler)
        wanted = load_tracker_config().log_pages
        if session is None or wanted == "off":
            raise NotConfigured
        log = cls(crawler, session, only_errors=wanted == "errors")
        connect = crawler.signals.connect
        connect(log.on_sent, scrapy_signals.request_reached_downloader)
        connect(log.on_answer, scrapy_signals.response_downloaded)
        connect(log.on_left, scrapy_signals.request_left_downloader)
        connect(log.on_unreadable, signals.problem)
        connect(log.on_unreadable, signals.unlisted_asked)
        connect(log.on_spider_error, scrapy_signals.spider_error)
        connect(log.on_closed, scrapy_signals.spider_closed)
        return log

    def on_sent(self, request: Request) -> None:
        """A request is on its way."""
        request.meta.pop(ENTRY, None)
        request.meta[ASKED] = (datetime.now(UTC), time.monotonic())

    def on_answer(self, request: Request, response: Response) -> None:
        """An answer, as the tracker sent it: no middleware has looked at it."""
        if ASKED not in request.meta:
            return
        kind = taken_for(request, response)
        entry = self._entry(request, response.url, kind)
        entry |= {"status": response.status, "size_bytes": len(response.body)}
        if kind == asked_for(request) and "parse" in getattr(request.callback, "__name__", ""):
            request.meta[ENTRY] = entry
            self._unread[id(entry)] = entry
        else:
            self._write(entry)

    def on_left(self, request: Request) -> None:
        """The connection is done with. Scrapy says so while the exception passes, if one does."""
        if ASKED in request.meta:
            error = sys.exception()
            reason = f"{type(error).__name__}: {error}".rstrip(": ") if error is not None else "no answer"
            self._write(self._entry(request, request.url, "error") | {"error": self._clean(reason)})

    def on_unreadable(self, error: Exception | None, response: Response | None = None) -> None:
        """Somebody could not read an answer."""
        entry = self._of(response)
        if error is not None and entry is not None:
            entry |= {"page_type": read_as(error), "error": self._clean(str(error))}

    def on_spider_error(self, failure: Failure, response: Response) -> None:
        """A mistake of ours in reading it."""
        if isinstance(failure.value, Exception):
            self.on_unreadable(failure.value, response)

    def read(self, response: Response) -> None:
        """The answer has been read: what it was taken for stands."""
        entry = self._of(response)
        if entry is not None and self._unread.pop(id(entry), None) is not None:
            self._write(entry)

    def asked_again(self, response: Response) -> None:
        """The answer was not to be read, and the page is asked for once more as scripts leave it."""
        entry = self._of(response)
        if entry is not None:
            entry |= {"page_type": "unreadable", "error": "asked for again in the browser"}

    def on_closed(self) -> None:
        """What nobody came to read is noted as what it looked like."""
        for entry in list(self._unread.values()):
            self._write(entry)
        self._unread.clear()

    def _of(self, response: Response | None) -> dict[str, Any] | None:
        request = response.request if response is not None else None
        return request.meta.get(ENTRY) if request is not None else None

    def _entry(self, request: Request, url: str, kind: str) -> dict[str, Any]:
        asked_at, began = request.meta.pop(ASKED)
        found_on, depth = origin(request)
        return {
            "url": self._clean(clean_url(url)),
            "found_on": found_on,
            "depth": depth,
            "status": None,
            "duration_ms": round((time.monotonic() - began) * 1000),
            "size_bytes": None,
            "page_type": kind,
            "error": None,
            "created_at": utc_milliseconds(asked_at),
        }

    def _write(self, entry: dict[str, Any]) -> None:
        if self._only_errors and entry["error"] is None and entry["page_type"] in AS_EXPECTED:
            return
        if self._file is None:
            return
        try:
            self._file.append(entry)
        except StorageError as error:
            logger.warning("Pages are no longer noted: %s", error)
            self._file = None


class PageReading:
    """A spider middleware that tells the log when a callback is done with an answer."""

    def __init__(self, crawler: Crawler):
        self._crawler = crawler

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> PageReading:
        """Raises NotConfigured where there is no log."""
        if CrawlSession.of(crawler) is None or load_tracker_config().log_pages == "off":
            raise NotConfigured
        return cls(crawler)

    async def process_spider_output(self, response: Response, result: AsyncIterator[Any]) -> AsyncIterator[Any]:
        """Hand everything on."""
        log = self._crawler.get_extension(PageLog)
        try:
            async for one in result:
                if log is not None and isinstance(one, Request) and _is_again(one, response):
                    log.asked_again(response)
                yield one
        finally:
            if log is not None:
                log.read(response)


def _is_again(request: Request, response: Response) -> bool:
    before = response.request
    return before is not None and request.url == before.url and request.meta.get("ims_render") == "dom"
