"""The spider `ims`: searches the tracker, visits every hit and its related issues, yields whole issues."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Iterator
from datetime import datetime
from functools import partial
from typing import TYPE_CHECKING, Any

from scrapy import Request
from scrapy.http import Response, TextResponse

from ims_spiders.exceptions import PageError
from ims_spiders.items import Issue
from ims_spiders.pages.search import SearchResultsPage, search_form_url
from ims_spiders.spiders import signals
from ims_spiders.spiders.arguments import parse_arguments
from ims_spiders.spiders.base import exception_of
from ims_spiders.spiders.frontier import FoundBy, Visit
from ims_spiders.spiders.question import QuestionSpider
from ims_spiders.spiders.unlisted import UnlistedSpider
from ims_spiders.spiders.whole_issue import WholeIssueSpider

if TYPE_CHECKING:
    from scrapy.crawler import Crawler
    from twisted.python.failure import Failure

SEARCH_PRIORITY = 100
"""Search pages go first, because they feed everything."""
UNDATED = (
    "The list of results does not say when issues were registered, so each one's page is asked for. "
    "Show the column “Issued Date” in the tracker's list (your own settings there), and the crawl asks for less"
)


class ImsSpider(QuestionSpider, WholeIssueSpider, UnlistedSpider):
    """`scrapy crawl ims -a product=OpenFrame -a query="TPETIME +timeout"`; arguments as in SpiderArguments.

    `-a _suggested=` is what a language model made of the query before the crawl began; it is then not asked again.
    """

    name = "ims"

    def __init__(self, **arguments: Any):
        super().__init__(parse_arguments(arguments), arguments.get("_suggested"))
        self.stored: Callable[[str], Issue | None] = lambda _: None
        """Gives the stored copy of an issue that need not be fetched; the crawl session sets it."""
        self._waiting_at: int | None = None
        """The result page behind which the search waits until it is known whether an issue is a hit."""

    @classmethod
    def from_crawler(cls, crawler: Crawler, *args: Any, **kwargs: Any) -> ImsSpider:
        """Refuses unknown arguments by name: raises ConfigurationError."""
        return super().from_crawler(crawler, *args, **kwargs)

    async def start(self) -> AsyncIterator[Any]:
        """Begin with the search form: it knows the products, the statuses and who is logged in."""
        self._begin()
        url = search_form_url(self.config.base_url)
        yield self._page(url, self.parse_search_form, priority=SEARCH_PRIORITY, errback=self.search_failed)

    def parse_search_results(self, response: TextResponse, page_index: int) -> Iterator[Any]:
        """Visit the hits that are new and go on to the next page, again from the first one when rows have moved.

        @fixture results/normal
        @cb_kwargs {"page_index": 1}
        @returns requests 1
        """
        try:
            page = SearchResultsPage(response.text, response.url)
            total, hits = page.total, page.hits
        except PageError as error:
            yield from self._again_or(response, error, partial(self._page_lost, page_index))
            return
        for hit in hits:
            self.hits.add(hit.issue_id, hit.issued(self.zone))
        if page_index == 1 and self.hits.undated:
            self.logger.warning(UNDATED)
        self.progress.saw_page(page_index, total, len(hits))
        yield from self._search_on(page_index)

    def search_failed(self, failure: Failure) -> Iterator[Any]:
        """Without the form there is no crawl; a result page that could not be had is asked for again later."""
        request = failure.request  # type: ignore[attr-defined]
        error = exception_of(failure)
        page_index = request.cb_kwargs.get("page_index")
        if page_index is None:
            yield from self._cannot_search(error, None, request.url)
        else:
            yield from self._page_lost(page_index, error, None, request.url)

    def takes(self, issue_id: str, registered: datetime | None) -> bool:
        """Whether the issue is a hit or related to one; a hit of other days than those asked for is none."""
        return self.hits.decide(issue_id, registered)

    def go_on_searching(self) -> Iterator[Any]:
        """Go on behind the page of results at which the search waits, if it waits."""
        if self._waiting_at is not None:
            yield from self._search_on(self._waiting_at)

    def whole(self, issue: Issue) -> Iterator[Any]:
        """Yield the issue and go on to those that it points to."""
        yield issue
        yield from self._follow(issue)

    # What leads from one page to the next

    def _visit(self, visit: Visit) -> Iterator[Any]:
        stored = self.stored(visit.issue_id)
        if stored is None:
            yield self._ask_issue(visit)
            return
        if not self.takes(visit.issue_id, stored.registered_date):
            return
        if stored.crawl is not None and stored.crawl.missing:
            yield stored
        yield from self._follow(stored)

    def _follow(self, issue: Issue) -> Iterator[Any]:
        pointers: list[tuple[str, FoundBy]] = [(pointer.issue_id, pointer.source) for pointer in issue.related]
        for visit in self.frontier.add_related(issue.issue_id, pointers):
            yield from self._visit(visit)

    def _result_page(self, page_index: int) -> Request:
        return self._page(
            self.progress.page_url(page_index),
            self.parse_search_results,
            priority=SEARCH_PRIORITY,
            errback=self.search_failed,
            page_index=page_index,
        )

    def _search_on(self, page_index: int) -> Iterator[Any]:
        """After a page of results, or what the search waited for behind it: more hits, more pages, or its end."""
        self._waiting_at = None
        for visit in self.hits.admitted():
            yield from self._visit(visit)
        found, hits = self.frontier.hits, self.hits
        following = self.progress.next_page(page_index, found, hits.listed)
        if following is not None:
            yield self._result_page(following)
        elif hits.undecided:
            self._waiting_at = page_index
        else:
            yield from self._end_search()

    def _end_search(self) -> Iterator[Any]:
        found, hits, progress = self.frontier.hits, self.hits, self.progress
        if gap := progress.gap(found, hits.listed):
            self._report(gap, progress.page_url(1))
        total = None if progress.total is None else max(found, progress.total - hits.outside)
        self.crawler.signals.send_catch_log(
            signals.search_ended, total=total, found=found, complete=progress.complete(hits.listed)
        )
        for visit in self.frontier.end_search():
            yield from self._visit(visit)

    # What goes wrong

    def _page_lost(self, page_index: int, error: Exception, response: Response | None, url: str) -> Iterator[Any]:
        self._report(error, url, response=response)
        self.progress.lost_page(page_index)
        yield from self._search_on(page_index)
