"""How far the crawl is: a bar on a terminal, plain lines elsewhere; rate and time left in both."""

from __future__ import annotations

import asyncio
import logging
import sys
import time
from typing import TYPE_CHECKING

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, SpinnerColumn, TextColumn
from rich.progress import Progress as Bar
from scrapy import signals as scrapy_signals
from scrapy.exceptions import NotConfigured

from ims_spiders.extensions.session import CrawlSession

if TYPE_CHECKING:
    from collections.abc import Callable

    from scrapy.crawler import Crawler

logger = logging.getLogger(__name__)


class Progress:
    """Reports stored issues against found ones every IMS_PROGRESS_SECONDS, or twice a second in a bar."""

    def __init__(self, crawler: Crawler, session: CrawlSession, how: str):
        self._crawler = crawler
        self._session = session
        self._seconds = 0.5 if how == "bar" else crawler.settings.getfloat("IMS_PROGRESS_SECONDS")
        self._show: Callable[[], None] = self._draw if how == "bar" else self._say
        self._say_with: Callable[[str], None] = _print if how == "plain" else logger.info
        self._began = time.monotonic()
        self._last_line = ""
        self._bar = _bar() if how == "bar" else None
        self._task = self._bar.add_task("issues", total=None, note="logging in") if self._bar else None
        self._ticker: asyncio.Task[None] | None = None

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> Progress:
        """Raises NotConfigured when IMS_PROGRESS is `off`, or without a session."""
        how = crawler.settings.get("IMS_PROGRESS")
        session = CrawlSession.of(crawler)
        if how == "off" or session is None:
            raise NotConfigured
        progress = cls(crawler, session, how)
        crawler.signals.connect(progress.start, scrapy_signals.spider_opened)
        crawler.signals.connect(progress.stop, scrapy_signals.spider_closed)
        return progress

    def start(self) -> None:
        """Begin to report."""
        self._began = time.monotonic()
        if self._bar is not None:
            self._bar.start()
        self._ticker = asyncio.ensure_future(self._tick())

    def stop(self) -> None:
        """Report once more and end."""
        if self._ticker is not None:
            self._ticker.cancel()
        self._show()
        if self._bar is not None:
            self._bar.stop()

    async def _tick(self) -> None:
        while True:
            await asyncio.sleep(self._seconds)
            self._show()

    def _draw(self) -> None:
        assert self._bar is not None
        assert self._task is not None
        done, known = self._session.done_and_found()
        self._bar.update(self._task, completed=done, total=known or None, note=self._note(done, known))

    def _say(self) -> None:
        done, known = self._session.done_and_found()
        line = f"{done} of {known} issues, {self._note(done, known)}"
        if line != self._last_line:
            self._last_line = line
            self._say_with(line)

    def _note(self, done: int, known: int) -> str:
        seconds = max(time.monotonic() - self._began, 0.001)
        rate = done / seconds
        left = f"{_duration((known - done) / rate)} left" if rate and known > done else "waiting" if not known else ""
        files = self._crawler.stats.get_value("ims/attachments/downloaded", 0)
        statistics = self._session.statistics
        parts = [f"{rate:.1f}/s", left, f"{files} files"]
        for count, what in ((len(statistics.unavailable), "not available"), (statistics.errors, "errors")):
            if count:
                parts.append(f"{count} {what}")
        return ", ".join(part for part in parts if part)


def _bar() -> Bar:
    return Bar(
        SpinnerColumn(),
        TextColumn("{task.description}"),
        BarColumn(bar_width=24),
        MofNCompleteColumn(),
        TextColumn("{task.fields[note]}"),
        console=Console(stderr=True),
        transient=True,
    )


def _print(line: str) -> None:
    sys.stderr.write(f"{line}\n")
    sys.stderr.flush()


def _duration(seconds: float) -> str:
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes} min {rest} s" if minutes else f"{rest} s"
