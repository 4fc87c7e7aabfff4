"""Asks whether an issue that the search does not list any more is still there. Nothing of it is stored."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from typing import TYPE_CHECKING, Any

from scrapy import Request
from scrapy.http import Response, TextResponse

from ims_spiders.exceptions import PageError
from ims_spiders.pages.issue import issue_url
from ims_spiders.spiders import signals
from ims_spiders.spiders.base import TrackerSpider, exception_of
from ims_spiders.spiders.building import as_sent

if TYPE_CHECKING:
    from twisted.python.failure import Failure

UNLISTED_PRIORITY = -10
"""After everything that the crawl was asked for."""


class UnlistedSpider(TrackerSpider):
    """Answers come as the signal `unlisted_asked`: who asked knows what is expected to be there."""

    def ask_unlisted(self, issue_id: str) -> Request:
        """The request for the issue's page alone."""
        url = issue_url(self.config.base_url, issue_id)
        return self._page(
            url, self.parse_unlisted, errback=self.unlisted_failed, priority=UNLISTED_PRIORITY, issue_id=issue_id
        )

    def parse_unlisted(self, response: TextResponse, issue_id: str) -> Iterator[Any]:
        """The issue is there, or the tracker says that it is not, or its page cannot be read.

        @fixture issue/normal
        @cb_kwargs {"issue_id": "348115"}
        @returns requests 0 0
        @returns items 0 0
        """
        try:
            self._issue_page(response, issue_id)
        except PageError as error:
            yield from self._again_or(response, error, partial(self._unlisted_answer, issue_id))
            return
        yield from self._unlisted_answer(issue_id, None, None, response.url)

    def unlisted_failed(self, failure: Failure) -> Iterator[Any]:
        """The page could not be had: nothing is known."""
        request = failure.request  # type: ignore[attr-defined]
        yield from self._unlisted_answer(request.cb_kwargs["issue_id"], exception_of(failure), None, request.url)

    def _unlisted_answer(
        self, issue_id: str, error: Exception | None, response: Response | None, url: str
    ) -> Iterator[Any]:
        self.crawler.signals.send_catch_log(
            signals.unlisted_asked, issue_id=issue_id, error=error, response=as_sent(response), url=url
        )
        yield from ()
