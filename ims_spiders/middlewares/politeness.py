"""Retries that spare the tracker: it is one company's production system."""

from __future__ import annotations

import logging
import random
from collections.abc import Awaitable
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING, Any

from scrapy import Request
from scrapy.downloadermiddlewares.retry import RetryMiddleware
from scrapy.exceptions import DownloadTimeoutError
from scrapy.http import Response

from ims_spiders.middlewares.gate import gate_of
from ims_spiders.middlewares.outage import Outage

if TYPE_CHECKING:
    from scrapy.crawler import Crawler


logger = logging.getLogger(__name__)

ENDLESS = "ERR_TOO_MANY_REDIRECTS"
"""What the browser says of a circle of redirects, after some twenty of them: they would come again."""
TOO_MUCH = frozenset({429, 503})
"""What a tracker answers that has too much to do."""


class PoliteRetryMiddleware(RetryMiddleware):
    """Scrapy's retries, but after a wait: as long as Retry-After says, otherwise doubling with jitter.

    Scrapy repeats at once and does not know Retry-After. Where the tracker has too much to do, fewer requests are under
    way from then on; when it is away, the crawl waits for it (outage.py). A tracker that is there and fails at most of
    its pages is asked for each once: the crawl as a whole has a budget of repetitions, which good answers fill again.
    """

    def __init__(self, settings: Any, crawler: Crawler):
        super().__init__(settings)
        self.crawler = crawler
        self._first_wait = settings.getfloat("IMS_RETRY_FIRST_WAIT")
        self._longest_wait = settings.getfloat("IMS_RETRY_LONGEST_WAIT")
        self._longest_outage = settings.getfloat("IMS_OUTAGE_SECONDS")
        self._outage = Outage(crawler)
        self._gate = gate_of(crawler)
        self._most_in_hand = self._in_hand = settings.getint("IMS_RETRY_BUDGET")
        self._said = False

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> PoliteRetryMiddleware:
        """Raises NotConfigured when RETRY_ENABLED is off, as Scrapy's does."""
        return cls(crawler.settings, crawler)

    async def process_response(  # type: ignore[override]
        self, request: Request, response: Response
    ) -> Request | Response:
        """Wait and repeat on a status that may pass; hand everything else on."""
        if response.status not in self.retry_http_codes or request.meta.get("dont_retry", False):
            self._outage.answered(request)
            self._gate.answered()
            self._in_hand = min(self._in_hand + 1, self._most_in_hand)
            return response
        wait = retry_after(response)
        if response.status in TOO_MUCH:
            self._ask_for_less()
        if wait > self._longest_outage:
            self._outage.give_up(f"the tracker asks to be left alone for {wait:.0f} s", request.url)
        if await self._outage.failed(request.url, f"status {response.status}"):
            return _uncounted(request)
        if self._outage.gave_up:
            return response
        if not self._can_afford():
            return response
        again = super().process_response(request, response)
        if isinstance(again, Request):
            await self._wait(again, wait, hold=response.status in TOO_MUCH)
        return again

    def process_exception(  # type: ignore[override]
        self, request: Request, exception: Exception
    ) -> Awaitable[Request | Response | None]:
        """Wait and repeat after a lost connection or a time-out."""
        return self._after_exception(request, exception)

    async def _after_exception(self, request: Request, exception: Exception) -> Request | Response | None:
        if not isinstance(exception, self.exceptions_to_retry) or ENDLESS in str(exception):
            return None
        if isinstance(exception, (TimeoutError, DownloadTimeoutError)):
            self._ask_for_less()
        if await self._outage.failed(request.url, type(exception).__name__):
            return _uncounted(request)
        if self._outage.gave_up or not self._can_afford():
            return None
        again = super().process_exception(request, exception)
        if isinstance(again, Request):
            await self._wait(again, 0.0)
        return again

    async def _wait(self, request: Request, at_least: float, *, hold: bool = False) -> None:
        """Wait before the repetition; with `hold`, and a wait that the tracker asked for, ask nothing else either."""
        self._in_hand -= 1
        times = int(request.meta["retry_times"])
        longest = min(self._first_wait * 2 ** (times - 1), self._longest_wait)
        held = hold and at_least > 0
        if held:
            self._gate.close()
        try:
            await self._outage.pause(max(at_least, random.uniform(longest / 2, longest)))
        finally:
            if held:
                self._gate.open()

    def _can_afford(self) -> bool:
        """Whether a repetition is in hand."""
        if self._in_hand > 0:
            return True
        if not self._said:
            self._said = True
            logger.warning(
                "More requests fail than succeed: none is repeated until others succeed; what is missing then can be "
                "had with --resume last (IMS_RETRY_BUDGET)"
            )
        return False

    def _ask_for_less(self) -> None:
        self._gate.refused()
        self.crawler.stats.min_value("ims/concurrency/lowest", self._gate.limit)


def _uncounted(request: Request) -> Request:
    """The same once more: it did not fail by itself."""
    again = request.copy()
    again.dont_filter = True
    return again


def retry_after(response: Response) -> float:
    """Seconds that the answer asks to wait (RFC 9110, 10.2.3: a number or a date); 0 without a usable header."""
    value = (response.headers.get("Retry-After") or b"").decode("latin-1").strip()
    if value.isascii() and value.isdigit():
        return float(value)
    try:
        moment = parsedate_to_datetime(value)
        if moment.tzinfo is None:
            moment = moment.replace(tzinfo=UTC)
        return max(0.0, (moment - datetime.now(UTC)).total_seconds())
    except (TypeError, ValueError, OverflowError):
        return 0.0
