"""The spider `ims`: searches the tracker, visits every hit and its related issues, yields whole issues."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Iterator
from functools import partial
from typing import TYPE_CHECKING, Any

from scrapy import Request
from scrapy.http import Response, TextResponse

from ims_spiders.exceptions import ConfigurationError, PageError, TrackerUnavailable
from ims_spiders.items import Issue
from ims_spiders.pages.search import SearchPage, SearchResultsPage, search_form_url, search_url, select_products
from ims_spiders.spiders import signals
from ims_spiders.spiders.arguments import parse_arguments
from ims_spiders.spiders.base import exception_of
from ims_spiders.spiders.frontier import FoundBy, Frontier, Visit
from ims_spiders.spiders.searching import SearchProgress
from ims_spiders.spiders.unlisted import UnlistedSpider
from ims_spiders.spiders.whole_issue import WholeIssueSpider

if TYPE_CHECKING:
    from scrapy.crawler import Crawler
    from twisted.python.failure import Failure

SEARCH_PRIORITY = 100
"""Search pages go first, because they feed everything."""


class ImsSpider(WholeIssueSpider, UnlistedSpider):
    """`scrapy crawl ims -a product=OpenFrame -a query="TPETIME +timeout"`; arguments as in SpiderArguments."""

    name = "ims"

    def __init__(self, **arguments: Any):
        parsed = parse_arguments(arguments)
        super().__init__()
        self.arguments = parsed
        self.frontier = Frontier(self.arguments.follow_depth)
        self.progress = SearchProgress(self.arguments.max_results)
        self.account: str | None = None
        """Whom the tracker takes us for, once the search form was read: what is listed depends on it."""
        self.stored: Callable[[str], Issue | None] = lambda _: None
        """Gives the stored copy of an issue that need not be fetched; the crawl session sets it."""

    @classmethod
    def from_crawler(cls, crawler: Crawler, *args: Any, **kwargs: Any) -> ImsSpider:
        """Refuses unknown arguments by name: raises ConfigurationError."""
        return super().from_crawler(crawler, *args, **kwargs)

    async def start(self) -> AsyncIterator[Any]:
        """Begin with the search form: it knows the products, the statuses and who is logged in."""
        self.frontier = Frontier(self.arguments.follow_depth)
        self.progress = SearchProgress(self.arguments.max_results)
        url = search_form_url(self.config.base_url)
        yield self._page(url, self.parse_search_form, priority=SEARCH_PRIORITY, errback=self.search_failed)

    def parse_search_form(self, response: TextResponse) -> Iterator[Request]:
        """Choose the products and ask for the first result page.

        @fixture search/normal
        @returns requests 1 1
        """
        try:
            form = SearchPage(response.text, response.url).form()
        except PageError as error:
            yield from self._again_or(response, error, self._cannot_search)
            return
        try:
            products = select_products(form.products, self.arguments.product)
        except ConfigurationError as error:
            self._report(error, response.url)
            return
        self.account = form.hidden.get("userId")
        base_url = self.config.base_url
        self.progress.page_url = partial(search_url, base_url, form, self.arguments.query, products)
        yield self._result_page(1)

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
            if self.progress.wants_more(self.frontier.hits):
                yield from self._visit(self.frontier.add_hit(hit.issue_id))
        self.progress.saw_page(page_index, total, len(hits), self.frontier.hits)
        yield from self._next_result_page(page_index)

    def search_failed(self, failure: Failure) -> Iterator[Any]:
        """Without the form there is no crawl; a result page that could not be had is asked for again later."""
        request = failure.request  # type: ignore[attr-defined]
        error = exception_of(failure)
        page_index = request.cb_kwargs.get("page_index")
        if page_index is None:
            yield from self._cannot_search(error, None, request.url)
        else:
            yield from self._page_lost(page_index, error, None, request.url)

    def whole(self, issue: Issue) -> Iterator[Any]:
        """Yield the issue and go on to those that it points to."""
        yield issue
        yield from self._follow(issue)

    # What leads from one page to the next

    def _visit(self, visit: Visit | None) -> Iterator[Any]:
        if visit is None:
            return
        stored = self.stored(visit.issue_id)
        if stored is None:
            yield self._ask_issue(visit)
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

    def _next_result_page(self, page_index: int) -> Iterator[Any]:
        following = self.progress.next_page(page_index, self.frontier.hits)
        if following is not None:
            yield self._result_page(following)
            return
        found = self.frontier.hits
        if gap := self.progress.gap(found):
            self._report(gap, self.progress.page_url(1))
        self.crawler.signals.send_catch_log(
            signals.search_ended, total=self.progress.total, found=found, complete=self.progress.complete(found)
        )
        for visit in self.frontier.end_search():
            yield from self._visit(visit)

    # What goes wrong

    def _cannot_search(self, error: Exception, response: Response | None, url: str) -> Iterator[Any]:
        self._report(error, url, response=response)
        reason = f"the search form could not be read ({error}); check IMS_BASE_URL, then resume"
        self._report(TrackerUnavailable(reason), url)
        yield from ()

    def _page_lost(self, page_index: int, error: Exception, response: Response | None, url: str) -> Iterator[Any]:
        self._report(error, url, response=response)
        self.progress.lost_page(page_index)
        yield from self._next_result_page(page_index)
