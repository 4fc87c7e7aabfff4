"""The spider `ims`: searches the tracker, visits every hit and its related issues, yields whole issues."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Iterator
from functools import partial
from typing import TYPE_CHECKING, Any

from scrapy import Request, Spider
from scrapy.http import Response, TextResponse

from ims_spiders.config import TrackerConfig, load_tracker_config
from ims_spiders.exceptions import ConfigurationError, ImsError, PageError, TrackerUnavailable
from ims_spiders.items import Issue
from ims_spiders.pages.issue import IssuePage, PatchListCall, issue_url
from ims_spiders.pages.patches import PatchListPage
from ims_spiders.pages.relations import parse_relations, relations_url
from ims_spiders.pages.search import SearchPage, SearchResultsPage, search_form_url, search_url, select_products
from ims_spiders.spiders import signals
from ims_spiders.spiders.arguments import parse_arguments
from ims_spiders.spiders.building import new_crawl_info, rendered_again
from ims_spiders.spiders.frontier import FoundBy, Frontier, Visit
from ims_spiders.spiders.searching import SearchProgress

if TYPE_CHECKING:
    from scrapy.crawler import Crawler
    from twisted.python.failure import Failure

SEARCH_PRIORITY = 100
DETAIL_PRIORITY = 10
"""Search pages go first, because they feed everything; what completes an issue goes before the next issue."""


class ImsSpider(Spider):
    """`scrapy crawl ims -a product=OpenFrame -a query="TPETIME +timeout"`; arguments as in SpiderArguments."""

    name = "ims"

    def __init__(self, **arguments: Any):
        super().__init__()
        self.arguments = parse_arguments(arguments)
        self.frontier = Frontier(self.arguments.follow_depth)
        self.progress = SearchProgress(self.arguments.max_results)
        self.config: TrackerConfig = load_tracker_config()
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

    def parse_issue(self, response: TextResponse, visit: Visit) -> Iterator[Any]:
        """Read the issue, then ask for what its page fills in by script.

        @fixture issue/normal
        @visit 348115
        @returns requests 1
        """
        try:
            page = IssuePage(response.text, response.url, self.config.timezone)
            issue, patch_lists = page.to_item(), page.patch_lists()
            self._check_number(issue, visit)
        except PageError as error:
            yield from self._again_or(response, error, partial(self._issue_lost, visit))
            return
        issue.crawl = new_crawl_info(visit, response.request)
        yield from self._ask_relations(issue, patch_lists)

    def parse_relations(self, response: TextResponse, issue: Issue, patch_lists: list[PatchListCall]) -> Iterator[Any]:
        """Add the related issues that the tracker lists as JSON.

        @fixture relations/normal
        @issue 348115
        @returns items 1 1
        """
        content_type = (response.headers.get("Content-Type") or b"").decode("latin-1")
        try:
            issue.related.extend(parse_relations(response.text, issue.issue_id, content_type))
        except PageError as error:
            self._incomplete(issue, "relations", error, response)
        yield from self._next_patch_list(issue, patch_lists)

    def relations_failed(self, failure: Failure) -> Iterator[Any]:
        """Keep the issue without its related ones, written down as incomplete."""
        request = failure.request  # type: ignore[attr-defined]
        issue = request.cb_kwargs["issue"]
        self._incomplete(issue, "relations", _exception(failure), None, request.url)
        yield from self._next_patch_list(issue, request.cb_kwargs["patch_lists"])

    def parse_patch_list(self, response: TextResponse, issue: Issue, patch_lists: list[PatchListCall]) -> Iterator[Any]:
        """Add the related issues of one patch list, then go on to the next list.

        @fixture patches/normal
        @issue 348115
        @returns items 1 1
        """
        try:
            found = PatchListPage(response.text, response.url).related()
            known = {pointer.issue_id for pointer in issue.related} | {issue.issue_id}
            issue.related.extend(pointer for pointer in found if pointer.issue_id not in known)
        except PageError as error:
            again = rendered_again(response, error, self.config.render)
            if again is not None:
                yield again
                return
            self._incomplete(issue, "patch_list", error, response)
        yield from self._next_patch_list(issue, patch_lists)

    def patch_list_failed(self, failure: Failure) -> Iterator[Any]:
        """Keep the issue without that patch list, written down as incomplete."""
        request = failure.request  # type: ignore[attr-defined]
        issue = request.cb_kwargs["issue"]
        self._incomplete(issue, "patch_list", _exception(failure), None, request.url)
        yield from self._next_patch_list(issue, request.cb_kwargs["patch_lists"])

    def search_failed(self, failure: Failure) -> Iterator[Any]:
        """Without the form there is no crawl; a result page that could not be had is asked for again later."""
        request = failure.request  # type: ignore[attr-defined]
        error = _exception(failure)
        page_index = request.cb_kwargs.get("page_index")
        if page_index is None:
            yield from self._cannot_search(error, None, request.url)
        else:
            yield from self._page_lost(page_index, error, None, request.url)

    def issue_failed(self, failure: Failure) -> None:
        """An issue's page could not be had."""
        request = failure.request  # type: ignore[attr-defined]
        self._report(_exception(failure), request.url, issue_id=request.cb_kwargs["visit"].issue_id)

    # What leads from one page to the next

    def _visit(self, visit: Visit | None) -> Iterator[Any]:
        if visit is None:
            return
        stored = self.stored(visit.issue_id)
        if stored is None:
            url = issue_url(self.config.base_url, visit.issue_id)
            yield self._page(url, self.parse_issue, errback=self.issue_failed, visit=visit)
            return
        if stored.crawl is not None and stored.crawl.missing:
            yield stored
        yield from self._follow(stored)

    def _follow(self, issue: Issue) -> Iterator[Any]:
        pointers: list[tuple[str, FoundBy]] = [(pointer.issue_id, pointer.source) for pointer in issue.related]
        for visit in self.frontier.add_related(issue.issue_id, pointers):
            yield from self._visit(visit)

    def _ask_relations(self, issue: Issue, patch_lists: list[PatchListCall]) -> Iterator[Request]:
        # JSON, not a page: fetched plainly also when pages are rendered.
        callback: Callable[..., Any] = self.parse_relations
        yield Request(
            relations_url(self.config.base_url, issue.issue_id),
            callback,
            errback=self.relations_failed,
            cb_kwargs={"issue": issue, "patch_lists": patch_lists},
            priority=DETAIL_PRIORITY,
        )

    def _next_patch_list(self, issue: Issue, patch_lists: list[PatchListCall]) -> Iterator[Any]:
        if patch_lists:
            yield self._page(
                patch_lists[0].url(self.config.base_url),
                self.parse_patch_list,
                priority=DETAIL_PRIORITY,
                errback=self.patch_list_failed,
                issue=issue,
                patch_lists=patch_lists[1:],
            )
            return
        yield issue
        yield from self._follow(issue)

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
        self.crawler.signals.send_catch_log(signals.search_ended, total=self.progress.total, found=found)
        for visit in self.frontier.end_search():
            yield from self._visit(visit)

    def _page(
        self, url: str, callback: Callable[..., Any], *, errback: Callable[..., Any], priority: int = 0, **kwargs: Any
    ) -> Request:
        return Request(url, callback, errback=errback, priority=priority, cb_kwargs=kwargs, meta={"ims_page": True})

    # What goes wrong

    def _again_or(
        self, response: TextResponse, error: PageError, lost: Callable[[Exception, Response | None, str], Iterator[Any]]
    ) -> Iterator[Any]:
        """Once more through the browser where that may help, otherwise give this page up."""
        again = rendered_again(response, error, self.config.render)
        if again is not None:
            yield again
            return
        yield from lost(error, response, response.url)

    def _cannot_search(self, error: Exception, response: Response | None, url: str) -> Iterator[Any]:
        self._report(error, url, response=response)
        reason = f"the search form could not be read ({error}); check IMS_BASE_URL, then resume"
        self._report(TrackerUnavailable(reason), url)
        yield from ()

    def _page_lost(self, page_index: int, error: Exception, response: Response | None, url: str) -> Iterator[Any]:
        self._report(error, url, response=response)
        self.progress.lost_page(page_index)
        yield from self._next_result_page(page_index)

    def _issue_lost(self, visit: Visit, error: Exception, response: Response | None, url: str) -> Iterator[Any]:
        self._report(error, url, issue_id=visit.issue_id, response=response)
        yield from ()

    def _incomplete(
        self, issue: Issue, part: str, error: Exception, response: Response | None, url: str | None = None
    ) -> None:
        assert issue.crawl is not None
        issue.crawl.missing.append(part)
        self._report(error, url or (response.url if response else ""), issue_id=issue.issue_id, response=response)

    def _check_number(self, issue: Issue, visit: Visit) -> None:
        if issue.issue_id != visit.issue_id:
            raise PageError(f"asked for issue {visit.issue_id}, the page that came is of issue {issue.issue_id}")

    def _report(
        self, error: Exception, url: str, *, issue_id: str | None = None, response: Response | None = None
    ) -> None:
        visit = self.frontier.visits.get(issue_id or "")
        self.crawler.signals.send_catch_log(
            signals.problem, error=error, url=url, issue_id=issue_id, response=response, visit=visit
        )


def _exception(failure: Failure) -> Exception:
    error = failure.value
    return error if isinstance(error, Exception) else ImsError(str(error))
