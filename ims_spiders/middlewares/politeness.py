"""Retries that spare the tracker: it is one company's production system."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Awaitable
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING, Any

from scrapy import Request
from scrapy.downloadermiddlewares.retry import RetryMiddleware
from scrapy.http import Response

from ims_spiders.exceptions import TrackerUnavailable
from ims_spiders.spiders import signals

if TYPE_CHECKING:
    pass


class PoliteRetryMiddleware(RetryMiddleware):
    """Scrapy's retries, but after a wait: as long as Retry-After says, otherwise doubling with jitter.

    Scrapy repeats at once and does not know Retry-After. After IMS_GIVE_UP_AFTER failures in a row without a single
    answer, the tracker is taken for gone and the crawl is told to stop; nothing is repeated any more then.
    """

    def __init__(self, settings: Any):
        super().__init__(settings)
        self._first_wait = settings.getfloat("IMS_RETRY_FIRST_WAIT")
        self._longest_wait = settings.getfloat("IMS_RETRY_LONGEST_WAIT")
        self._give_up_after = settings.getint("IMS_GIVE_UP_AFTER")
        self._failures_in_a_row = 0
        self._gave_up = False

    async def process_response(  # type: ignore[override]
        self, request: Request, response: Response
    ) -> Request | Response:
        """Wait and repeat on a status that may pass; hand everything else on."""
        if response.status not in self.retry_http_codes or request.meta.get("dont_retry", False):
            self._failures_in_a_row = 0
            return response
        self._count_failure(request, f"status {response.status}")
        if self._gave_up:
            return response
        again = super().process_response(request, response)
        if isinstance(again, Request):
            await self._wait(again, retry_after(response))
        return again

    def process_exception(  # type: ignore[override]
        self, request: Request, exception: Exception
    ) -> Awaitable[Request | Response | None]:
        """Wait and repeat after a lost connection or a time-out."""
        return self._after_exception(request, exception)

    async def _after_exception(self, request: Request, exception: Exception) -> Request | Response | None:
        if not isinstance(exception, self.exceptions_to_retry):
            return None
        self._count_failure(request, type(exception).__name__)
        if self._gave_up:
            return None
        again = super().process_exception(request, exception)
        if isinstance(again, Request):
            await self._wait(again, 0.0)
        return again

    async def _wait(self, request: Request, at_least: float) -> None:
        times = int(request.meta["retry_times"])
        longest = min(self._first_wait * 2 ** (times - 1), self._longest_wait)
        await asyncio.sleep(max(at_least, random.uniform(longest / 2, longest)))

    def _count_failure(self, request: Request, reason: str) -> None:
        self._failures_in_a_row += 1
        if self._failures_in_a_row == self._give_up_after:
            self._gave_up = True
            error = TrackerUnavailable(
                f"{self._failures_in_a_row} requests in a row failed, the last one with {reason}; "
                "when the tracker is back, go on with --resume last"
            )
            self.crawler.signals.send_catch_log(signals.problem, error=error, url=request.url)


def retry_after(response: Response) -> float:
    """Seconds that the answer asks to wait (RFC 9110, 10.2.3: a number or a date); 0 without a usable header."""
    value = (response.headers.get("Retry-After") or b"").decode("latin-1").strip()
    if value.isdigit():
        return float(value)
    try:
        moment = parsedate_to_datetime(value)
    except (TypeError, ValueError):
        return 0.0
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=UTC)
    return max(0.0, (moment - datetime.now(UTC)).total_seconds())
