"""Third: what the files say, read in a child process with limits."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from ims_spiders.config import load_tracker_config
from ims_spiders.items import Attachment, Issue
from ims_spiders.text.extract import extract_text

if TYPE_CHECKING:
    from scrapy.crawler import Crawler


class TextPipeline:
    """Fills in `extracted_text` and `text_status` of every downloaded attachment that has none yet."""

    def __init__(self, crawler: Crawler):
        self._crawler = crawler
        self._data_dir = load_tracker_config().data_dir
        # The extraction keeps one core busy; more at once would only take it from the crawl.
        self._turn = asyncio.Semaphore(crawler.settings.getint("IMS_TEXT_WORKERS"))

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> TextPipeline:
        """Made by Scrapy."""
        return cls(crawler)

    async def process_item(self, item: Issue) -> Issue:
        """Read the text of what is new; a file that cannot be read keeps its bytes and says so."""
        await asyncio.gather(*(self._read(one) for one in item.attachments))
        return item

    async def _read(self, attachment: Attachment) -> None:
        if not attachment.downloaded or attachment.file_path is None:
            attachment.text_status = "not_downloaded"
            return
        if attachment.text_status not in {None, "not_downloaded"}:
            return
        async with self._turn:
            found = await asyncio.to_thread(extract_text, self._data_dir / attachment.file_path, attachment.filename)
        attachment.text_status = found.status
        attachment.text_extracted = found.status == "extracted"
        attachment.extracted_text = found.text
        attachment.text_error = found.reason
        self._crawler.stats.inc_value(f"ims/text/{found.status}")
