"""Fourth: the issue's file. With it the issue is done, whatever happens afterwards."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from ims_spiders.db.files import SessionFolder
from ims_spiders.exceptions import StorageError
from ims_spiders.extensions.session import CrawlSession
from ims_spiders.items import Issue, content_hash, issue_document
from ims_spiders.spiders import signals

if TYPE_CHECKING:
    from scrapy.crawler import Crawler


class FilesPipeline:
    """Completes the issue's crawl record and writes `issues/<issue_id>.json` durably."""

    def __init__(self, crawler: Crawler):
        self._crawler = crawler

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> FilesPipeline:
        """Made by Scrapy."""
        return cls(crawler)

    async def process_item(self, item: Issue) -> Issue:
        """Returns the issue once it is durable. Raises StorageError, which stops the crawl."""
        session = CrawlSession.of(self._crawler)
        assert session is not None
        self._complete(item, session)
        try:
            await asyncio.to_thread(_write, session.folder, item)
        except StorageError as error:
            self._crawler.signals.send_catch_log(
                signals.problem, error=error, url=item.url, issue_id=item.issue_id, severity="error"
            )
            raise
        session.issue_stored(item)
        return item

    def _complete(self, item: Issue, session: CrawlSession) -> None:
        record = item.crawl
        assert record is not None
        if not record.session_uuid:
            # Not for a copy that only had files missing: its pages are as old as they are.
            since = (datetime.now(UTC) - record.crawled_at).total_seconds() * 1000
            record.duration_ms += max(0, round(since))
        record.session_uuid = session.uuid
        record.had_errors = bool(record.missing)
        record.error_message = f"not had: {', '.join(record.missing)}" if record.missing else None


def _write(folder: SessionFolder, item: Issue) -> None:
    assert item.crawl is not None
    document = issue_document(item)
    document["crawl"]["content_hash"] = item.crawl.content_hash = content_hash(document)
    folder.write_issue(item.issue_id, document)
