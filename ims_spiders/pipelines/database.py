"""Last: the queue for the database. The crawl never waits for it, and `ims db load` makes good what it lacks."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from scrapy.exceptions import NotConfigured

from ims_spiders.extensions.session import CrawlSession
from ims_spiders.items import Issue

if TYPE_CHECKING:
    from scrapy.crawler import Crawler

    from ims_spiders.db.writer import DatabaseWriter


class DatabasePipeline:
    """Hands the number of every durable issue to the writer's thread, which reads the file and upserts it."""

    def __init__(self, crawler: Crawler, session: CrawlSession, writer: DatabaseWriter):
        self._crawler = crawler
        self._session = session
        self._writer = writer
        self._patience = crawler.settings.getfloat("IMS_DATABASE_CLOSE_SECONDS")

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> DatabasePipeline:
        """Raises NotConfigured when the crawl runs without a database."""
        session = CrawlSession.of(crawler)
        if session is None or not session.uses_database:
            raise NotConfigured
        return cls(crawler, session, session.make_writer())

    def open_spider(self) -> None:
        """Start the thread; it connects, and starts the embedded server, by itself."""
        self._writer.start()
        self._writer.put_session(self._session.record())
        # What an earlier run of this session made durable and did not live to write.
        for issue_id in self._session.folder.issue_ids():
            self._writer.put(issue_id)

    def process_item(self, item: Issue) -> Issue:
        """Queue the issue; never blocks."""
        self._writer.put(item.issue_id)
        return item

    async def close_spider(self) -> None:
        """Let the thread finish what is queued, within IMS_DATABASE_CLOSE_SECONDS."""
        report = await asyncio.to_thread(self._writer.close, self._patience)
        self._session.database_reported(report)
