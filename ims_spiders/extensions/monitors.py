"""Has Spidermon's monitors look at a crawl that ends: one whose figures look wrong is marked, and somebody is told.

Spidermon's own extension is imported in 0.3 s at each start of a crawl, and writes a page into each log; this one reads
the same settings (SPIDERMON_ENABLED, SPIDERMON_SPIDER_CLOSE_MONITORS), and imports nothing before the end.
"""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any

from scrapy import signals as scrapy_signals
from scrapy.exceptions import NotConfigured
from scrapy.utils.misc import load_object

from ims_spiders.config import load_notify_config, load_tracker_config
from ims_spiders.exceptions import IssueNotAvailable, NotLoggedIn, PageError
from ims_spiders.extensions.monitors_figures import Coverage, Figures, earlier_records
from ims_spiders.extensions.monitors_notify import notify
from ims_spiders.extensions.session import CrawlSession
from ims_spiders.items import Issue
from ims_spiders.spiders import signals

if TYPE_CHECKING:
    from collections.abc import Sequence

    from scrapy.crawler import Crawler

logger = logging.getLogger(__name__)


class Monitors:
    """Collects figures while the crawl goes on, and reviews the session's record when it ends well.

    A session that is marked stays `completed`; `is_suspicious` and metadata.suspicions say what is doubtful.
    """

    def __init__(self, crawler: Crawler, session: CrawlSession, suites: Sequence[str]):
        self._crawler = crawler
        self._session = session
        self._suites = suites
        self._config = load_notify_config()
        self._coverage = Coverage()
        self._search: tuple[int | None, int] | None = None
        self._unread = 0
        session.review = self.review

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> Monitors:
        """Raises NotConfigured without SPIDERMON_ENABLED or a session, ConfigurationError for who is to be told."""
        session = CrawlSession.of(crawler)
        if session is None or not crawler.settings.getbool("SPIDERMON_ENABLED"):
            raise NotConfigured
        found = cls(crawler, session, crawler.settings.getlist("SPIDERMON_SPIDER_CLOSE_MONITORS"))
        connect = crawler.signals.connect
        connect(found.on_item, scrapy_signals.item_scraped)
        connect(found.on_problem, signals.problem)
        connect(found.on_search_ended, signals.search_ended)
        connect(found.on_session_ended, signals.session_ended)
        return found

    def on_item(self, item: Any) -> None:
        """An issue is durable."""
        if isinstance(item, Issue):
            self._coverage.add(item)

    def on_problem(self, error: Exception) -> None:
        """Something was not had."""
        self._unread += isinstance(error, PageError) and not isinstance(error, (IssueNotAvailable, NotLoggedIn))

    def on_search_ended(self, total: int | None, found: int) -> None:
        """The last result page was read."""
        self._search = total, found

    def review(self, record: dict[str, Any]) -> dict[str, Any]:
        """The record of a session that ends, with what is doubtful about it, and what later ones compare with."""
        coverage = self._coverage.with_earlier(Coverage.of_record(record))
        metadata = {**record["metadata"], "coverage": coverage.to_json()}
        record = {**record, "metadata": metadata}
        if record["status"] != "completed":
            return record
        suspicions = self._ask(self._figures(record, coverage))
        for suspicion in suspicions:
            logger.warning("The figures look wrong (%(monitor)s): %(message)s", suspicion)
        if not suspicions:
            return record
        return {**record, "is_suspicious": True, "metadata": {**metadata, "suspicions": suspicions}}

    async def on_session_ended(self, record: dict[str, Any]) -> None:
        """Tell whoever wants to know."""
        if record.get("is_suspicious"):
            await notify(self._config, record)

    def _ask(self, figures: Figures) -> list[dict[str, str]]:
        from ims_spiders.extensions.monitors_suite import VerdictRunner

        suspicions: list[dict[str, str]] = []
        for name in self._suites:
            try:
                verdict = VerdictRunner().run(load_object(name)(crawler=self._crawler), figures=figures)
            except Exception:
                # Somebody's own suite, perhaps: the crawl is whole, whatever its monitors do.
                logger.exception("The monitors of %s could not be asked", name)
                continue
            suspicions += verdict.suspicions
            for broken in verdict.broken:
                logger.error("A monitor is broken: %s", broken)
        return suspicions

    def _figures(self, record: dict[str, Any], coverage: Coverage) -> Figures:
        stats = self._crawler.stats
        assert stats is not None
        done, found = self._session.done_and_found()
        declared, listed = self._search or (None, None)
        return Figures(
            record=record,
            coverage=coverage,
            declared=declared,
            listed=listed,
            done=done,
            found=found,
            unread=self._unread,
            requests=stats.get_value("downloader/request_count", 0),
            retries=stats.get_value("retry/count", 0),
            logins=stats.get_value("ims/login/count", 0),
            earlier=earlier_records(load_tracker_config().data_dir, record),
        )
