"""From an issue's number to the whole issue: its page, then its related issues, then its patch lists."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import datetime
from functools import partial
from typing import TYPE_CHECKING, Any

from scrapy import Request
from scrapy.http import Response, TextResponse

from ims_spiders.exceptions import PageError
from ims_spiders.items import Issue
from ims_spiders.pages.issue import PatchListCall, issue_url
from ims_spiders.pages.patches import PatchListPage
from ims_spiders.pages.relations import parse_relations, relations_url
from ims_spiders.spiders.base import TrackerSpider, exception_of
from ims_spiders.spiders.building import new_crawl_info, rendered_again
from ims_spiders.spiders.frontier import Visit

if TYPE_CHECKING:
    from twisted.python.failure import Failure

DETAIL_PRIORITY = 10
"""What completes an issue goes before the next issue."""


class WholeIssueSpider(TrackerSpider):
    """Asks for one part after the other; each lost part is written down in the issue, which is kept."""

    def whole(self, issue: Issue) -> Iterator[Any]:
        """The issue has all its parts: what the spider yields for it."""
        raise NotImplementedError

    def takes(self, issue_id: str, registered: datetime | None) -> bool:
        """Whether an issue that was registered then (None: not known) is one of those that are asked for."""
        raise NotImplementedError

    def go_on_searching(self) -> Iterator[Any]:
        """What follows once it is known whether an issue is one of those that are asked for."""
        raise NotImplementedError

    def _ask_issue(self, visit: Visit) -> Request:
        url = issue_url(self.config.base_url, visit.issue_id)
        return self._page(url, self.parse_issue, errback=self.issue_failed, visit=visit)

    def parse_issue(self, response: TextResponse, visit: Visit) -> Iterator[Any]:
        """Read the issue, then ask for what its page fills in by script.

        @fixture issue/normal
        @visit 348115
        @returns requests 1
        """
        try:
            page = self._issue_page(response, visit.issue_id)
            issue, patch_lists = page.to_item(), page.patch_lists()
        except PageError as error:
            yield from self._again_or(response, error, partial(self._issue_lost, visit))
            return
        except Exception:
            # A mistake of ours ends this issue, not the search, which may be waiting for it.
            yield from self._not_known(visit)
            raise
        issue.crawl = new_crawl_info(visit, response.request)
        if self.takes(issue.issue_id, issue.registered_date):
            yield from self._ask_relations(issue, patch_lists)
        yield from self.go_on_searching()

    def issue_failed(self, failure: Failure) -> Iterator[Any]:
        """An issue's page could not be had."""
        request = failure.request  # type: ignore[attr-defined]
        yield from self._issue_lost(request.cb_kwargs["visit"], exception_of(failure), None, request.url)

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
        self._incomplete(issue, "relations", exception_of(failure), None, request.url)
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
        self._incomplete(issue, "patch_list", exception_of(failure), None, request.url)
        yield from self._next_patch_list(issue, request.cb_kwargs["patch_lists"])

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
        yield from self.whole(issue)

    def _issue_lost(self, visit: Visit, error: Exception, response: Response | None, url: str) -> Iterator[Any]:
        self._report(error, url, issue_id=visit.issue_id, response=response)
        yield from self._not_known(visit)

    def _not_known(self, visit: Visit) -> Iterator[Any]:
        """When the issue was registered will not be known: it stays one of those that are asked for."""
        self.takes(visit.issue_id, None)
        yield from self.go_on_searching()

    def _incomplete(
        self, issue: Issue, part: str, error: Exception, response: Response | None, url: str | None = None
    ) -> None:
        assert issue.crawl is not None
        issue.crawl.missing.append(part)
        self._report(error, url or (response.url if response else ""), issue_id=issue.issue_id, response=response)
