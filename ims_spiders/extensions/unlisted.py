"""Finds out which issues are gone from the tracker, among those that the last search listed and this one did not."""

from __future__ import annotations

import logging
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from scrapy import signals as scrapy_signals
from scrapy.exceptions import DontCloseSpider, NotConfigured
from scrapy.http import Response

from ims_spiders.exceptions import IssueNotAvailable, StorageError
from ims_spiders.extensions.listing import Listing, Question, Sighting, missed_issues, newest_listing
from ims_spiders.extensions.session import CrawlSession
from ims_spiders.items import utc_milliseconds
from ims_spiders.spiders import signals
from ims_spiders.spiders.ims import ImsSpider

if TYPE_CHECKING:
    from scrapy.crawler import Crawler

logger = logging.getLogger(__name__)

AT_ONCE = 100
"""So many requests are handed to the engine at a time: a hundred thousand would only fill memory."""


class UnlistedIssues:
    """Keeps what the search listed, and asks for what it no longer lists, when all else is done.

    An issue that the tracker does not have becomes a warning in errors.jsonl, from which the database learns of it.
    One that is there no longer answers the question: nothing is stored. Either way it is not asked for again. One that
    could not be asked for (the crawl was interrupted, its page failed, there were too many) is left to the next crawl.
    """

    def __init__(self, crawler: Crawler, session: CrawlSession, most: int):
        self._crawler = crawler
        self._session = session
        self._most = most
        self._searched_at = utc_milliseconds(datetime.now(UTC))
        self._listing: Listing | None = None
        self._to_ask: list[str] | None = None
        self._there: set[str] = set()
        self._gone = 0

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> UnlistedIssues:
        """Raises NotConfigured without a session (`scrapy check`)."""
        session = CrawlSession.of(crawler)
        if session is None:
            raise NotConfigured
        unlisted = cls(crawler, session, crawler.settings.getint("IMS_UNLISTED_MOST"))
        connect = crawler.signals.connect
        connect(unlisted.on_search_ended, signals.search_ended)
        connect(unlisted.on_spider_idle, scrapy_signals.spider_idle)
        connect(unlisted.on_answer, signals.unlisted_asked)
        return unlisted

    def on_search_ended(self, complete: bool) -> None:
        """Compare with the last search for the same; one that was cut off says nothing of what it does not list."""
        spider = self._crawler.spider
        if not complete or not isinstance(spider, ImsSpider):
            return
        question = _question(spider)
        found = newest_listing(spider.config.data_dir, question)
        earlier, folder = found or (Listing(question, self._searched_at), self._session.folder)
        missed = missed_issues(folder, self._session.folder)
        self._listing = earlier.followed_by(spider.frontier.hit_ids(), self._searched_at, missed)
        self._keep()

    def on_spider_idle(self, spider: ImsSpider) -> None:
        """All else is done, and every related issue is known: ask for some, or note what became of all.

        Raises DontCloseSpider while answers are awaited.
        """
        if self._listing is None:
            return
        if self._to_ask is None:
            self._to_ask = self._choose(self._listing, spider)
        batch, self._to_ask = self._to_ask[:AT_ONCE], self._to_ask[AT_ONCE:]
        for issue_id in batch:
            assert self._crawler.engine is not None
            self._crawler.engine.crawl(spider.ask_unlisted(issue_id))
        if batch:
            raise DontCloseSpider
        self._conclude(self._listing)
        self._listing = None

    def on_answer(self, issue_id: str, error: Exception | None, response: Response | None, url: str) -> None:
        """What the tracker said of one issue."""
        assert self._listing is not None
        sighting = self._listing.unchecked[issue_id]
        if error is None:
            self._there.add(issue_id)
            logger.info("Issue %s is still there; it only no longer answers the question: nothing is stored", issue_id)
        elif isinstance(error, IssueNotAvailable):
            self._gone += 1
            self._report(_gone(issue_id, sighting, error), url, issue_id)
        else:
            # Not known: the next crawl asks again. The exception's own type ends the crawl where it must.
            self._report(error, url, issue_id, response)

    def _choose(self, listing: Listing, spider: ImsSpider) -> list[str]:
        """Those that no visit of this run has asked for as a related issue."""
        visited = spider.frontier.visits.keys() - self._session.reused
        unknown = [issue_id for issue_id in listing.unchecked if issue_id not in visited]
        chosen = unknown[: self._most]
        if unknown:
            logger.info("The search no longer lists %d issues; %d are asked for", len(unknown), len(chosen))
        return chosen

    def _conclude(self, listing: Listing) -> None:
        if not listing.unchecked:
            return
        stored = self._session.statistics.stored - self._session.reused
        missed = missed_issues(self._session.folder)
        left = {
            issue_id: sighting
            for issue_id, sighting in listing.unchecked.items()
            if issue_id not in stored and issue_id not in self._there and not sighting.is_over(issue_id, missed)
        }
        if left != listing.unchecked:
            listing.unchecked = left
            self._keep()
        counts = {"gone": self._gone, "there": len(self._there), "left": len(left)}
        for name, count in counts.items():
            self._crawler.stats.set_value(f"ims/unlisted/{name}", count)
        logger.info("Issues no longer listed: %(gone)d gone, %(there)d there, %(left)d left to the next crawl", counts)

    def _keep(self) -> None:
        assert self._listing is not None
        try:
            self._listing.write(self._session.folder)
        except StorageError as error:
            self._crawler.signals.send_catch_log(signals.problem, error=error, url="")

    def _report(self, error: Exception, url: str, issue_id: str, response: Response | None = None) -> None:
        self._crawler.signals.send_catch_log(
            signals.problem, error=error, url=url, issue_id=issue_id, severity="warning", response=response
        )


def _question(spider: ImsSpider) -> Question:
    search = spider.search
    days = (day.isoformat() if day else None for day in (search.since, search.until))
    asked = spider.config.base_url, spider.account, search.product, search.keyword
    return Question(*asked, search.statuses, *days)


def _gone(issue_id: str, sighting: Sighting, said: IssueNotAvailable) -> IssueNotAvailable:
    error = IssueNotAvailable(
        f"issue {issue_id}, known since {sighting.since} and last listed {sighting.last_listed}, is gone: {said}"
    )
    error.__cause__ = said
    return error
