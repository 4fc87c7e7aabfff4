"""Keeps every error: a line in errors.jsonl with type, severity, URL and traceback; ends the crawl where it must."""

from __future__ import annotations

import asyncio
import json
import logging
import traceback
from dataclasses import asdict
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from scrapy import signals as scrapy_signals
from scrapy.exceptions import NotConfigured
from scrapy.http import Response

from ims_spiders.exceptions import (
    CrawlEnding,
    DatabaseBehind,
    ImsError,
    IssueNotAvailable,
    PageError,
    RowRefused,
    StorageError,
)
from ims_spiders.extensions.outcome import close_reason_for
from ims_spiders.extensions.session import CrawlSession
from ims_spiders.items import utc_milliseconds
from ims_spiders.login.redaction import configured_redaction
from ims_spiders.pages.urls import clean_url
from ims_spiders.spiders import signals

if TYPE_CHECKING:
    from scrapy.crawler import Crawler
    from twisted.python.failure import Failure

    from ims_spiders.spiders.frontier import Visit
    from ims_spiders.spiders.ims import ImsSpider

logger = logging.getLogger(__name__)


class ErrorLog:
    """Listens for `problem` and for what Scrapy itself reports, and checks at the end that nothing was passed over."""

    def __init__(self, crawler: Crawler, session: CrawlSession):
        self._crawler = crawler
        self._session = session
        self._secrets = configured_redaction()
        self._closing: asyncio.Task[None] | None = None

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> ErrorLog:
        """Raises NotConfigured without a session (`scrapy check`)."""
        session = CrawlSession.of(crawler)
        if session is None:
            raise NotConfigured
        log = cls(crawler, session)
        connect = crawler.signals.connect
        connect(log.on_problem, signals.problem)
        connect(log.on_spider_error, scrapy_signals.spider_error)
        connect(log.on_item_error, scrapy_signals.item_error)
        connect(log.on_spider_idle, scrapy_signals.spider_idle)
        return log

    def on_problem(
        self,
        error: Exception,
        url: str,
        issue_id: str | None = None,
        severity: str | None = None,
        response: Response | None = None,
        visit: Visit | None = None,
        item: Any = None,
    ) -> None:
        """One of the project's own reports."""
        if isinstance(error, CrawlEnding):
            return
        grade = severity or _severity(error, visit)
        kept = self._quarantine(error, issue_id, response, item)
        self._record(error, grade, {"url": url or None, "issue_id": issue_id, "quarantine": kept})
        if issue_id and grade == "error" and not isinstance(error, (DatabaseBehind, RowRefused)):
            self._session.statistics.failed.add(issue_id)
        if reason := close_reason_for(error):
            self._close(reason)

    def on_spider_error(self, failure: Failure, response: Response) -> None:
        """An exception that no callback expected."""
        visit = response.request.cb_kwargs.get("visit") if response.request is not None else None
        issue_id = visit.issue_id if visit is not None else None
        self._unexpected(failure, response.url, issue_id)

    def on_item_error(self, item: Any, failure: Failure) -> None:
        """An exception in a pipeline; a full disk has been reported where it was met."""
        if not isinstance(failure.value, StorageError):
            self._unexpected(failure, getattr(item, "url", ""), getattr(item, "issue_id", None))

    def on_spider_idle(self, spider: ImsSpider) -> None:
        """Nothing is left to do: every issue that was found is stored, reported, or counted as lost here."""
        statistics = self._session.statistics
        settled = statistics.stored | statistics.failed | self._session.reused
        for visit in spider.frontier.visits.values():
            if visit.issue_id not in settled and not self._was_reported(visit):
                error = ImsError(f"issue {visit.issue_id} was found but never reached; resume the session to get it")
                self.on_problem(error, spider.config.base_url, issue_id=visit.issue_id, severity="error")

    def _was_reported(self, visit: Visit) -> bool:
        return visit.issue_id in self._session.statistics.unavailable

    def _unexpected(self, failure: Failure, url: str, issue_id: str | None) -> None:
        error = failure.value if isinstance(failure.value, Exception) else ImsError(str(failure.value))
        self.on_problem(error, url, issue_id=issue_id, severity="error")

    def _quarantine(self, error: Exception, issue_id: str | None, response: Response | None, item: Any) -> str | None:
        """Keep the page that did not parse, or the item that was refused, for whoever mends the parser."""
        if not isinstance(error, PageError) or isinstance(error, IssueNotAvailable):
            return None
        if response is not None:
            name = f"{issue_id or urlsplit(response.url).path.rpartition('/')[2]}-{type(error).__name__}.html"
            content = response.body
        elif item is not None:
            name = f"{issue_id}-{type(error).__name__}.json"
            content = json.dumps(asdict(item), ensure_ascii=False, indent=1, default=str).encode("utf-8", "replace")
        else:
            return None
        content = self._secrets.clean_bytes(content)
        try:
            return str(self._session.folder.quarantine(name, content).relative_to(self._session.folder.path))
        except StorageError as disk:
            self._close(close_reason_for(disk) or "disk")
            return None

    def _record(self, error: Exception, severity: str, detail: dict[str, Any]) -> None:
        statistics = self._session.statistics
        kind = error.error_type if isinstance(error, ImsError) else _foreign_type(error)
        if severity != "error":
            statistics.unavailable.update(filter(None, [detail["issue_id"]]))
        elif kind != "database_error":
            # What only the database lacks is in the files: the crawl itself has lost nothing.
            statistics.errors += 1
        self._crawler.stats.inc_value(f"ims/errors/{kind}")
        clean = self._secrets.clean
        message = clean(str(error) or type(error).__name__)
        if detail["url"]:
            detail["url"] = clean(clean_url(detail["url"]))
        level = logging.ERROR if severity == "error" else logging.WARNING
        logger.log(level, "%s: %s (%s)", kind, message, detail["url"] or "no URL")
        entry = {
            "occurred_at": utc_milliseconds(datetime.now(UTC)),
            "error_type": kind,
            "severity": severity,
            "error_message": message,
            "error_detail": {
                **{name: value for name, value in detail.items() if value is not None},
                "exception": type(error).__name__,
                "traceback": clean("".join(traceback.format_exception(error))),
            },
        }
        try:
            self._session.folder.append_error(entry)
        except StorageError as disk:
            logger.error("%s", disk)
            self._close(close_reason_for(disk) or "disk")

    def _close(self, reason: str) -> None:
        """End the crawl; as a task, because what reports the error is itself something the end waits for."""
        if self._closing is None:
            self._closing = asyncio.ensure_future(self._crawler.engine.close_spider_async(reason=reason))


def _severity(error: Exception, visit: Visit | None) -> str:
    if isinstance(error, IssueNotAvailable) and visit is not None and visit.found_by != "search":
        return "warning"
    return error.severity if isinstance(error, ImsError) else "error"


def _foreign_type(error: Exception) -> str:
    """The type of an error that is not ours: what came from the network, or a bug."""
    from playwright.async_api import Error as PlaywrightError
    from scrapy import exceptions
    from scrapy.spidermiddlewares.httperror import HttpError
    from twisted.internet.error import ConnectError, ConnectionClosed
    from twisted.web.client import ResponseFailed

    network = (
        OSError,
        PlaywrightError,
        HttpError,
        ConnectionClosed,
        ConnectError,
        ResponseFailed,
        exceptions.CannotResolveHostError,
        exceptions.DownloadConnectionRefusedError,
        exceptions.DownloadFailedError,
        exceptions.DownloadTimeoutError,
        exceptions.ResponseDataLossError,
    )
    return "network_error" if isinstance(error, network) else "crawl_error"
