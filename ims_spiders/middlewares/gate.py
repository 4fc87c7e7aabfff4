"""How many requests may be under way at once: fewer when the tracker asks for it, none while it is away."""

from __future__ import annotations

import asyncio
import time
from collections import deque
from types import TracebackType
from weakref import WeakKeyDictionary

from scrapy.crawler import Crawler

from ims_spiders.exceptions import CrawlEnding

ANSWERS_A_PLACE = 4
"""So many good answers for each request that may be under way, and one more may be."""
SECONDS_BETWEEN_CUTS = 1.0
"""Refusals within this time are one: requests that were under way together are refused together."""


class Gate:
    """A semaphore whose size adapts (additive increase, multiplicative decrease, as RFC 5681 does) and that closes."""

    def __init__(self, most: int):
        self.most = self.limit = most
        self._inside = 0
        self._good = 0
        self._closed = 0
        self._ended = False
        self._last_cut = float("-inf")
        self._waiting: deque[asyncio.Future[None]] = deque()

    async def acquire(self) -> None:
        """Wait for a place. Raises CrawlEnding once the gate was ended."""
        if self._ended:
            raise _ending()
        if not self._waiting and self._has_room():
            self._inside += 1
            return
        turn: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting.append(turn)
        try:
            await turn
        except asyncio.CancelledError:
            if turn.done() and not turn.cancelled():
                # It was let in just as it gave up.
                self.release()
            raise

    def release(self) -> None:
        """Give the place back."""
        self._inside -= 1
        self._let_in()

    async def __aenter__(self) -> None:
        await self.acquire()

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.release()

    def refused(self) -> None:
        """The tracker has too much to do: half as many from now on."""
        now = time.monotonic()
        self._good = 0
        if now - self._last_cut >= SECONDS_BETWEEN_CUTS:
            self._last_cut = now
            self.set_limit(self.limit // 2)

    def answered(self) -> None:
        """A good answer."""
        self._good += 1
        if self._good >= self.limit * ANSWERS_A_PLACE:
            self._good = 0
            self.set_limit(self.limit + 1)

    def set_limit(self, limit: int) -> None:
        """So many at once, at least one and at most what the crawl began with."""
        self.limit = min(max(limit, 1), self.most)
        self._let_in()

    def close(self) -> None:
        """Let nobody in until `open` was called as often."""
        self._closed += 1

    def open(self) -> None:
        """Undo one `close`."""
        self._closed -= 1
        self._let_in()

    def end(self) -> None:
        """Let nobody in any more: whoever waits, and whoever comes, is told that the crawl is being ended."""
        self._ended = True
        waiting, self._waiting = self._waiting, deque()
        for turn in waiting:
            if not turn.done():
                turn.set_exception(_ending())

    def _has_room(self) -> bool:
        return not self._closed and self._inside < self.limit

    def _let_in(self) -> None:
        while self._waiting and self._has_room():
            turn = self._waiting.popleft()
            if not turn.done():
                self._inside += 1
                turn.set_result(None)


def _ending() -> CrawlEnding:
    return CrawlEnding("the crawl is being ended: nothing more is asked of the tracker")


_gates: WeakKeyDictionary[Crawler, Gate] = WeakKeyDictionary()


def gate_of(crawler: Crawler) -> Gate:
    """The crawl's one gate: plain requests, the browser's own, http and https all pass through it."""
    if crawler not in _gates:
        _gates[crawler] = Gate(crawler.settings.getint("CONCURRENT_REQUESTS"))
    return _gates[crawler]
