"""Stops a crawl that may only just be starting."""

from __future__ import annotations

import asyncio
from typing import Any

POLL_SECONDS = 0.05


async def stop_in_order(crawler: Any) -> None:
    """Have the crawl finish what is under way and end.

    Asked to stop before its engine runs, Scrapy forgets it, crawls to the end, and then never ends: so this waits for
    the engine first.
    """
    while crawler.crawling and not _engine_runs(crawler):
        await asyncio.sleep(POLL_SECONDS)
    await crawler.stop_async()


def _engine_runs(crawler: Any) -> bool:
    try:
        return bool(crawler.engine.running)
    except RuntimeError:
        # Not made yet.
        return False
