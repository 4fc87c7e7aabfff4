"""Leaves the running crawl's counts in the session's folder every few seconds, for `ims status` and `ims metrics`.

In a file of its own, .progress.json: session.json is the truth, written durably and rarely; these counts are worth
nothing once the crawl has ended, so nobody waits until the disk has them, and the file goes with the crawl. One that
was killed leaves its last state.
"""

from __future__ import annotations

import asyncio
import logging
import os
import socket
from contextlib import suppress
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from scrapy import signals as scrapy_signals
from scrapy.exceptions import NotConfigured

from ims_spiders.exceptions import StorageError
from ims_spiders.extensions.session import CrawlSession
from ims_spiders.items import utc_milliseconds

if TYPE_CHECKING:
    from scrapy.crawler import Crawler

logger = logging.getLogger(__name__)

COUNTED = {
    "requests": "downloader/request_count",
    "retries": "retry/count",
    "bytes": "downloader/response_bytes",
    "logins": "ims/login/count",
    "expired": "ims/login/expired_answers",
    "attachments": "ims/attachments/downloaded",
}
"""Scrapy's statistics under the names of .progress.json."""


class CrawlFigures:
    """Writes .progress.json every IMS_STATUS_SECONDS, from the session's beginning to its end."""

    def __init__(self, crawler: Crawler, session: CrawlSession, seconds: float):
        self._crawler = crawler
        self._session = session
        self._seconds = seconds
        self._began = utc_milliseconds(datetime.now(UTC))
        self._ticker: asyncio.Task[None] | None = None
        self._write()

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> CrawlFigures:
        """Raises NotConfigured without a session (`scrapy check`)."""
        session = CrawlSession.of(crawler)
        if session is None:
            raise NotConfigured
        figures = cls(crawler, session, crawler.settings.getfloat("IMS_STATUS_SECONDS"))
        crawler.signals.connect(figures.start, scrapy_signals.spider_opened)
        # Not spider_closed: until the session's end is in the database, it is not over.
        crawler.signals.connect(figures.stop, scrapy_signals.engine_stopped)
        return figures

    def start(self) -> None:
        """Begin to write."""
        self._ticker = asyncio.ensure_future(self._tick())

    def stop(self) -> None:
        """The crawl is over."""
        if self._ticker is not None:
            self._ticker.cancel()
        with suppress(StorageError):
            self._session.folder.remove_progress()

    async def _tick(self) -> None:
        while True:
            await asyncio.sleep(self._seconds)
            self._write()

    def _write(self) -> None:
        try:
            self._session.folder.write_progress(self._figures())
        except StorageError as error:
            # What matters is written elsewhere, and meets the same disk.
            logger.debug("%s", error)

    def _figures(self) -> dict[str, Any]:
        done, found = self._session.done_and_found()
        statistics, stats = self._session.statistics, self._crawler.stats
        assert stats is not None
        return {
            "session_uuid": self._session.uuid,
            "host": socket.gethostname(),
            "pid": os.getpid(),
            "run_started_at": self._began,
            "updated_at": utc_milliseconds(datetime.now(UTC)),
            "done": done,
            "found": found,
            "stored": len(statistics.stored),
            "failed": len(statistics.failed),
            "errors": statistics.errors,
            **{name: stats.get_value(key, 0) for name, key in COUNTED.items()},
        }
