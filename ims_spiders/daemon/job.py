"""Runs one crawl as a job: its log goes where Scrapyd says, a stop by signal ends it in order, the exit code tells."""

from __future__ import annotations

import argparse
import asyncio
import logging
import os
import signal
from pathlib import Path
from typing import TYPE_CHECKING, Any

import ims_spiders
from ims_spiders.exceptions import ImsError
from ims_spiders.extensions.job import CANCEL_MARK, scrapyd_job
from ims_spiders.extensions.logfile import known_secrets, shape
from ims_spiders.extensions.outcome import close_reason_for, outcome_of
from ims_spiders.extensions.session import CrawlSession
from ims_spiders.extensions.stopping import stop_in_order

if TYPE_CHECKING:
    from ims_spiders.db.lease import Lease

logger = logging.getLogger(__name__)

LEASE = "_lease"
"""The argument with which a job of the queue of all nodes comes (daemon/node.py)."""
LOSS_SECONDS = 15.0
"""How long a crawl that has lost its lease may take to end in order."""


def run(arguments: list[str]) -> int:
    """Crawl with Scrapyd's `SPIDER -s NAME=VALUE … -a NAME=VALUE …`. Returns the exit code of `ims crawl`."""
    given = _parse(arguments)
    from scrapy.utils.project import get_project_settings

    settings = get_project_settings()
    settings.setdict(given.settings, priority="cmdline")
    job = Job(settings, given.spider)
    try:
        if LEASE not in given.arguments:
            return job.crawl(given.arguments)
        from ims_spiders.daemon.leased import run_leased
        from ims_spiders.daemon.node import Ticket

        ticket = Ticket.read(given.arguments.pop(LEASE))
        return run_leased(ticket, lambda lease, more: job.crawl({**given.arguments, **more}, lease))
    except ImsError as error:
        # Settings that not even the log's secrets can be read from.
        return _failed(error)


class Job:
    """One crawl with its signals: the first asks it to stop, the second ends it at once, record included."""

    def __init__(self, settings: Any, spider: str):
        from scrapy.crawler import AsyncCrawlerProcess

        self._process = AsyncCrawlerProcess(settings)
        self._crawler = self._process.create_crawler(spider)
        self._failure: BaseException | None = None
        self._stopping: asyncio.Future[None] | None = None
        self._stops = 0

    def crawl(self, arguments: dict[str, str], lease: Lease | None = None) -> int:
        """Run until the crawl has ended; its exit code. Raises ConfigurationError for settings that are wrong."""
        clean_log()
        logger.info("Job %s runs %s", scrapyd_job(), Path(ims_spiders.__file__).parent)
        task = self._process.crawl(self._crawler, **arguments)
        task.add_done_callback(self._ended)
        loop = asyncio.get_event_loop()
        for number in (signal.SIGINT, signal.SIGTERM):
            loop.add_signal_handler(number, self._stop)
        if lease is not None:
            lease.watch(
                lambda times: loop.call_soon_threadsafe(self._cancelled, times),
                lambda: loop.call_soon_threadsafe(self._lost, loop),
            )
        self._process.start(install_signal_handlers=False)
        return self._exit_code()

    def _exit_code(self) -> int:
        """What the session's record says, or what kept it from being made. Logs the latter."""
        session = CrawlSession.of(self._crawler)
        if session is not None and session.outcome is not None:
            return session.outcome.exit_code
        return _failed(self._failure) if self._failure is not None else 0

    def _ended(self, task: asyncio.Task[None]) -> None:
        if not task.cancelled():
            self._failure = task.exception()

    def _cancelled(self, times: int) -> None:
        """The queue says so; a signal may have come for the same reason."""
        Path(os.environ[CANCEL_MARK]).parent.mkdir(parents=True, exist_ok=True)
        Path(os.environ[CANCEL_MARK]).touch()
        while self._stops < times:
            self._stop()

    def _lost(self, loop: asyncio.AbstractEventLoop) -> None:
        if self._stopping is None:
            self._stop()
        loop.call_later(LOSS_SECONDS, self._stop)

    def _stop(self) -> None:
        self._stops += 1
        if self._stopping is None:
            logger.info("Stopping: what is under way is finished first")
            self._stopping = asyncio.ensure_future(stop_in_order(self._crawler))
            return
        session = CrawlSession.of(self._crawler)
        if session is not None:
            session.interrupt_now()
        logger.info("Stopped at once; what is stored stays, the session can be resumed")
        logging.shutdown()
        os._exit(7)


def clean_log() -> None:
    """Have the job's log look like the session's own, without secrets: it can be read over HTTP.

    Raises ConfigurationError when the settings that hold them are wrong.
    """
    known_secrets()
    for handler in logging.getLogger().handlers:
        shape(handler)


def _failed(failure: BaseException) -> int:
    if not isinstance(failure, ImsError):
        logger.error("The crawl failed", exc_info=failure)
        return 1
    logger.error("The crawl did not start: %s", failure)
    return outcome_of(close_reason_for(failure) or "failed", errors=0, behind=False).exit_code


def _parse(arguments: list[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(allow_abbrev=False)
    parser.add_argument("spider")
    parser.add_argument("-s", dest="settings", action="append", default=[])
    parser.add_argument("-a", dest="arguments", action="append", default=[])
    given = parser.parse_args(arguments)
    given.settings = dict(one.split("=", 1) for one in given.settings)
    given.arguments = dict(one.split("=", 1) for one in given.arguments)
    return given
