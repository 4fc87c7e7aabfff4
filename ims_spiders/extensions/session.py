"""The crawl session: its folder, its record from `running` to its end, and who may write it."""

from __future__ import annotations

import asyncio
import getpass
import logging
import os
from contextlib import suppress
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any
from uuid import uuid4
from weakref import WeakKeyDictionary

from scrapy import signals as scrapy_signals
from scrapy.exceptions import NotConfigured

from ims_spiders.config import load_database_config, load_notify_config, load_tracker_config
from ims_spiders.db.abandoned import interrupt_abandoned
from ims_spiders.db.files import SessionFolder, find_session
from ims_spiders.exceptions import DatabaseBehind, LeaseLost, RowRefused, StorageError
from ims_spiders.extensions.job import held_lease, note_job, stop_reason
from ims_spiders.extensions.outcome import Outcome, outcome_of
from ims_spiders.extensions.record import Record, end_record, new_record, read_record, resumed_record, stored_reading
from ims_spiders.extensions.statistics import SessionStatistics
from ims_spiders.extensions.stored import AttachmentKey, StoredIssues
from ims_spiders.items import Attachment, Issue
from ims_spiders.login.attachment_requests import require_pattern
from ims_spiders.login.browser import find_browser
from ims_spiders.login.session import require_credentials
from ims_spiders.spiders import signals
from ims_spiders.spiders.arguments import SpiderArguments
from ims_spiders.spiders.asking import require_readable
from ims_spiders.spiders.ims import ImsSpider

if TYPE_CHECKING:
    from collections.abc import Callable

    from scrapy import Request
    from scrapy.crawler import Crawler

    from ims_spiders.db.transactions import Guard
    from ims_spiders.db.writer import DatabaseWriter, WriterReport
    from ims_spiders.query import Reading

logger = logging.getLogger(__name__)

LOCK_SECONDS = 0.5
"""For whoever only looks whether the session is locked."""
LAST_PART = 1 / 30
"""Of what the end of a crawl waits for the database, for one that is to end at once."""

_sessions: WeakKeyDictionary[Crawler, CrawlSession] = WeakKeyDictionary()
"""Scrapy's own look-up of an extension fails until all of them are made, and they need this one."""


class CrawlSession:
    """Opens the session before anything is asked of the tracker, keeps its statistics, and closes it.

    Other components find it with `CrawlSession.of(crawler)`.
    """

    def __init__(self, crawler: Crawler, spider: ImsSpider):
        self._crawler = crawler
        self._spider = spider
        self._config = load_tracker_config()
        self._database = load_database_config()
        self.outcome: Outcome | None = None
        self.statistics = SessionStatistics()
        self._writer: DatabaseWriter | None = None
        self._report: WriterReport | None = None
        self._earlier: list[DatabaseWriter] = []
        self._check_configuration()
        self.folder, self._record = self._open()
        self._abandoned = interrupt_abandoned(self._config.data_dir)
        self._lease = held_lease()
        if self._lease is not None:
            self.folder.guard = self._lease.require
            self._lease.note_session(self.uuid)
        note_job(self._record)
        self.folder.write_session(self._record)
        self._stored = StoredIssues(self._config.data_dir, self.folder, spider.arguments.refresh)
        self.reused: set[str] = set()
        self.review: Callable[[Record], Record] = lambda record: record
        """Asked to look at the record of a session that ends; the monitors set it."""
        spider.stored = self._lookup

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> CrawlSession:
        """Raises ConfigurationError (SessionBusy, BrowserMissing) before the tracker is asked anything.

        `scrapy check` runs callbacks on fixtures: then there is no session.
        """
        spider = crawler.spider
        if not isinstance(spider, ImsSpider) or os.environ.get("SCRAPY_CHECK") == "true":
            raise NotConfigured
        session = _sessions[crawler] = cls(crawler, spider)
        connect = crawler.signals.connect
        connect(session._opened, scrapy_signals.spider_opened)
        connect(session._request_sent, scrapy_signals.request_reached_downloader)
        connect(session._query_read, signals.query_read)
        connect(session._search_ended, signals.search_ended)
        connect(session._closed, scrapy_signals.spider_closed)
        return session

    @staticmethod
    def of(crawler: Crawler) -> CrawlSession | None:
        """The session of a crawl, also while its other extensions are being made; None under `scrapy check`."""
        return _sessions.get(crawler)

    @property
    def uuid(self) -> str:
        """The session's uuid."""
        return str(self._record["session_uuid"])

    @property
    def uses_database(self) -> bool:
        """The argument `database` where given, else USE_DATABASE."""
        wanted = self._spider.arguments.database
        return self._database.use_database if wanted is None else wanted

    def make_writer(self) -> DatabaseWriter:
        """The thread that brings this session's files into the database."""
        self._writer = self._writer_of(self.folder, self._lease.guard if self._lease is not None else None)
        return self._writer

    def _writer_of(self, folder: SessionFolder, guard: Guard | None = None) -> DatabaseWriter:
        from ims_spiders.db.engine import connect, uses_embedded
        from ims_spiders.db.writer import DatabaseWriter

        return DatabaseWriter(
            lambda: connect(self._database, self._config.data_dir),
            folder,
            self._database.schema_name,
            # A crawl does not alter the schema of a server that others look after.
            upgrade=uses_embedded(self._database),
            guard=guard,
        )

    def record(self) -> dict[str, Any]:
        """What session.json holds now."""
        return dict(self._record)

    def done_and_found(self) -> tuple[int, int]:
        """Issues done with (stored, failed, or known from before), and issues found so far."""
        statistics, visits = self.statistics, self._spider.frontier.visits
        settled = statistics.stored | statistics.failed | statistics.unavailable | self.reused
        # Issues that are only asked for to see whether they are gone are none of those.
        return len(settled & visits.keys()), len(visits)

    def issue_stored(self, issue: Issue) -> None:
        """Called by the files pipeline once the issue is durable."""
        self.statistics.issue_stored(issue)

    def reusable_attachments(self, issue: Issue) -> dict[AttachmentKey, Attachment]:
        """The files of this issue that need not be fetched again."""
        return self._stored.attachments(issue)

    def database_reported(self, report: WriterReport) -> None:
        """Called by the database pipeline when its thread has ended."""
        self._report = report
        for refusal in report.refused:
            error = RowRefused(f"the database refused issue {refusal.issue_id}: {refusal.reason}")
            self._crawler.signals.send_catch_log(signals.problem, error=error, url="", issue_id=refusal.issue_id)
        stats = self._crawler.stats
        for name in ("new", "changed", "unchanged", "behind"):
            stats.set_value(f"ims/database/{name}", getattr(report, name))

    def interrupt_now(self) -> int:
        """Write the record of a crawl that has no time to end in order: everything durable stays, it can be resumed.

        Returns the exit code: that of its end, if it had come that far.
        """
        if self.outcome is None:
            self.outcome = outcome_of(stop_reason("shutdown"), self.statistics.errors, behind=False)
            stats = self._crawler.stats.get_stats()
            self._record = end_record(self._record, self.folder, self.statistics, self.outcome, "killed", stats)
            # LeaseLost, or a disk that is full: what is durable stays, and the next crawl sees that it was killed.
            with suppress(StorageError):
                self.folder.write_session(self._record)
        if self._writer is not None:
            seconds = self._crawler.settings.getfloat("IMS_DATABASE_CLOSE_SECONDS") * LAST_PART
            self._writer.close(seconds)
            # That one may have ended before this record was written.
            last = self.make_writer()
            last.start()
            last.close(seconds)
        return self.outcome.exit_code

    def _check_configuration(self) -> None:
        require_credentials(self._config)
        require_pattern(self._config)
        # The monitors' (extensions/monitors.py), which are made when there is a session already.
        load_notify_config()
        if self._config.render != "never":
            find_browser()

    def _open(self) -> tuple[SessionFolder, dict[str, Any]]:
        arguments = self._spider.arguments
        if arguments.resume:
            folder = find_session(self._config.data_dir, arguments.resume)
            # Before it is read: its last run may be just about to end.
            folder.lock(LOCK_SECONDS)
            record = resumed_record(folder.read_session())
            self._spider.arguments = SpiderArguments.model_validate(
                {**record["metadata"]["arguments"], "database": arguments.database}
            )
            self._spider.reading = stored_reading(record)
            return folder, record
        require_readable(self._config, arguments.query)
        started_at, uuid = datetime.now(UTC), str(uuid4())
        folder = SessionFolder.create(self._config.data_dir, uuid, arguments.product, started_at)
        folder.lock(LOCK_SECONDS)
        username = arguments.user or self._config.user or getpass.getuser()
        workers = self._crawler.settings.getint("CONCURRENT_REQUESTS")
        return folder, new_record(uuid, username, arguments, started_at, folder, workers)

    def _lookup(self, issue_id: str) -> Issue | None:
        issue = self._stored.complete(issue_id)
        if issue is not None:
            self.reused.add(issue_id)
        return issue

    def _opened(self) -> None:
        """Have the database know, too, which sessions were killed: each by a writer of its own, which nobody awaits."""
        if self.uses_database:
            self._earlier = [self._writer_of(folder) for folder in self._abandoned]
            for writer in self._earlier:
                writer.start()

    def _request_sent(self, request: Request) -> None:
        if request.meta.get("ims_page"):
            self.statistics.request_sent(is_issue="visit" in request.cb_kwargs)

    def _query_read(self, reading: Reading, product: str) -> None:
        self._record = read_record(self._record, reading, product)
        try:
            self.folder.write_session(self._record)
        except StorageError as error:
            self._crawler.signals.send_catch_log(signals.problem, error=error, url="")
        if self._writer is not None:
            self._writer.put_session(self._record)

    def _search_ended(self, total: int | None, found: int) -> None:
        self.statistics.search_ended(total, found)

    async def _closed(self, reason: str) -> None:
        try:
            await self._end(stop_reason(reason))
        except StorageError as error:
            # With a lease that is lost, whoever has the job now ends the session. With a disk that is full, its record
            # stays as it was, and the next crawl sees that nobody writes it.
            logger.error("%s", error)
            ended = "lease_lost" if isinstance(error, LeaseLost) else "disk"
            self.outcome = outcome_of(ended, self.statistics.errors, behind=False)
            if ended == "disk":
                self._record.update(status=self.outcome.status, exit_code=self.outcome.exit_code, close_reason=ended)
        self.folder.unlock()
        await self._crawler.signals.send_catch_log_async(signals.session_ended, record=self.record())

    async def _end(self, reason: str) -> None:
        statistics = self.statistics
        statistics.attachments_downloaded = self._crawler.stats.get_value("ims/attachments/downloaded", 0)
        behind = self._report is not None and bool(self._report.behind or self._report.refused)
        self.outcome = outcome_of(reason, statistics.errors, behind)
        self._record = end_record(
            self._record, self.folder, statistics, self.outcome, reason, self._crawler.stats.get_stats()
        )
        self._record = self.review(self._record)
        self.folder.write_session(self._record)
        if self.uses_database and not await asyncio.to_thread(self._project_end):
            self.outcome = outcome_of(reason, statistics.errors, behind=True)
            self._record["exit_code"] = self.outcome.exit_code
            self.folder.write_session(self._record)

    def _project_end(self) -> bool:
        """Bring the session's end into the database; False when it is behind, which `ims db load` mends."""
        if self._report is not None and self._report.behind:
            self._crawler.signals.send_catch_log(
                signals.problem, error=DatabaseBehind(self._report.error or "the database did not keep up"), url=""
            )
            return False
        writer = self.make_writer()
        writer.start()
        writer.put_session(self._record)
        writer.put_errors()
        writer.put_pages()
        patience = self._crawler.settings.getfloat("IMS_DATABASE_CLOSE_SECONDS")
        report = writer.close(patience)
        for earlier in self._earlier:
            earlier.close(patience)
        if report.error:
            logger.warning("The database is behind: %s", report.error)
        return not report.behind and not report.error
