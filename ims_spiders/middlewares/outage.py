"""Tells a tracker that is away from pages that fail, and has the crawl wait for it instead of asking on and on."""

from __future__ import annotations

import asyncio
import logging
import random
import time
from typing import TYPE_CHECKING

from scrapy import Request

from ims_spiders.exceptions import TrackerUnavailable
from ims_spiders.middlewares.gate import gate_of
from ims_spiders.spiders import signals

if TYPE_CHECKING:
    from scrapy.crawler import Crawler

logger = logging.getLogger(__name__)

PROBE = "ims_probe"
"""Key in a request's meta: it asks whether the tracker is there, and passes the closed gate."""
PROBE_SECONDS = 15.0
"""How long that one may take."""
LOOK_SECONDS = 0.2
"""How often a wait looks whether the crawl is being ended."""


class Outage:
    """Counts failures in a row. From IMS_OUTAGE_AFTER on, a page that was had before is asked for, alone.

    When that fails as well, the tracker is away: nothing else is asked until it is back, at most IMS_OUTAGE_SECONDS,
    and what failed meanwhile does not count against the pages. After that the crawl is told to stop.
    """

    def __init__(self, crawler: Crawler):
        self._crawler = crawler
        self._gate = gate_of(crawler)
        settings = crawler.settings
        self._after = settings.getint("IMS_OUTAGE_AFTER")
        self._longest = settings.getfloat("IMS_OUTAGE_SECONDS")
        self._first_wait = settings.getfloat("IMS_RETRY_FIRST_WAIT")
        self._longest_wait = settings.getfloat("IMS_RETRY_LONGEST_WAIT")
        self._retry_codes = frozenset(settings.getlist("RETRY_HTTP_CODES"))
        self._in_a_row = 0
        self._known_url: str | None = None
        self._watch: asyncio.Task[bool] | None = None
        self.gave_up = False

    def answered(self, request: Request) -> None:
        """The tracker has answered; a page may serve as the one that is asked for to see whether it is there."""
        self._in_a_row = 0
        if request.method == "GET" and request.meta.get("ims_page"):
            self._known_url = request.url

    async def failed(self, url: str, reason: str) -> bool:
        """A request got no answer. Whether that was because the tracker was away, and it is back: to be asked again."""
        if self.gave_up:
            return False
        self._in_a_row += 1
        if self._watch is None:
            if self._in_a_row < self._after or self._known_url is None:
                return False
            self._watch = asyncio.ensure_future(self._until_back(self._known_url, reason))
        return await asyncio.shield(self._watch)

    def give_up(self, message: str, url: str) -> None:
        """End the crawl, and ask for nothing more; it can be gone on with."""
        self.gave_up = True
        self._gate.end()
        error = TrackerUnavailable(f"{message}; when the tracker is back, go on with --resume last")
        self._crawler.signals.send_catch_log(signals.problem, error=error, url=url)

    async def pause(self, seconds: float) -> None:
        """Wait so long, or until the crawl is being ended."""
        until = time.monotonic() + seconds
        while (left := until - time.monotonic()) > 0 and not self._ending():
            await asyncio.sleep(min(left, LOOK_SECONDS))

    async def _until_back(self, url: str, reason: str) -> bool:
        """Whether the tracker was away and is back; False when it was there all the time, or is not coming back."""
        self._gate.close()
        began, wait = time.monotonic(), self._first_wait
        was_away = False
        try:
            while not (there := await self._is_there(url)) and not self._ending():
                if not was_away:
                    logger.warning(
                        "The tracker does not answer (%s); waiting for it, at most %.0f s", reason, self._longest
                    )
                    was_away = True
                if time.monotonic() - began >= self._longest:
                    self.give_up(
                        f"the tracker has not answered for {time.monotonic() - began:.0f} s, the last time: {reason}",
                        url,
                    )
                    return False
                await self.pause(random.uniform(wait / 2, wait))
                wait = min(wait * 2, self._longest_wait)
            if was_away and there:
                logger.warning("The tracker is back after %.0f s", time.monotonic() - began)
                self._crawler.stats.inc_value("ims/outages")
                self._gate.set_limit(1)
            return was_away and there
        finally:
            self._in_a_row = 0
            self._watch = None
            self._gate.open()

    async def _is_there(self, url: str) -> bool:
        """Any answer will do, a redirect to the login page too; it is not read.

        Not through Scrapy's downloader: its places are held by those who wait at the gate.
        """
        request = Request(url, meta={PROBE: True, "download_timeout": PROBE_SECONDS})
        try:
            async with asyncio.timeout(PROBE_SECONDS):
                answer = await self._crawler.engine.downloader.handlers.download_request_async(request)
        except Exception as error:  # noqa: BLE001 - whatever it is, there was no answer
            logger.debug("Asked whether the tracker is there: %s", type(error).__name__)
            return False
        return answer.status not in self._retry_codes

    def _ending(self) -> bool:
        slot = getattr(self._crawler.engine, "_slot", None)
        return slot is None or slot.closing is not None
