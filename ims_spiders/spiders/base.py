"""What every step of the crawl shares: asking for a page, asking once more, and saying what went wrong."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

from scrapy import Request, Spider
from scrapy.http import Response, TextResponse

from ims_spiders.config import TrackerConfig, load_tracker_config
from ims_spiders.exceptions import ImsError, PageError
from ims_spiders.pages.issue import IssuePage
from ims_spiders.spiders import signals
from ims_spiders.spiders.building import as_sent, rendered_again
from ims_spiders.spiders.frontier import Frontier

if TYPE_CHECKING:
    from twisted.python.failure import Failure

Lost = Callable[[Exception, Response | None, str], Iterator[Any]]
"""What happens when a page could not be had or read: called with the error, the page if there was one, and its URL."""


class TrackerSpider(Spider):
    """A spider of one tracker, with the issues that it knows so far.

    No ABC, whose methods are abstract: Scrapy's feed exports read every attribute of a spider, and one of an ABC
    (`__provides__`, zope.interface's) cannot be read.
    """

    def __init__(self) -> None:
        super().__init__()
        self.config: TrackerConfig = load_tracker_config()
        self.frontier = Frontier(0)

    def _page(
        self, url: str, callback: Callable[..., Any], *, errback: Callable[..., Any], priority: int = 0, **kwargs: Any
    ) -> Request:
        return Request(url, callback, errback=errback, priority=priority, cb_kwargs=kwargs, meta={"ims_page": True})

    def _issue_page(self, response: TextResponse, issue_id: str) -> IssuePage:
        """The page of that issue. Raises PageError when it is of another one, or none at all."""
        page = IssuePage(response.text, response.url, self.config.timezone)
        if page.issue_id != issue_id:
            raise PageError(f"asked for issue {issue_id}, the page that came is of issue {page.issue_id}")
        return page

    def _again_or(self, response: TextResponse, error: PageError, lost: Lost) -> Iterator[Any]:
        """Once more through the browser where that may help, otherwise give this page up."""
        again = rendered_again(response, error, self.config.render)
        if again is not None:
            yield again
            return
        yield from lost(error, response, response.url)

    def _report(
        self, error: Exception, url: str, *, issue_id: str | None = None, response: Response | None = None
    ) -> None:
        visit = self.frontier.visits.get(issue_id or "")
        self.crawler.signals.send_catch_log(
            signals.problem, error=error, url=url, issue_id=issue_id, response=as_sent(response), visit=visit
        )


def exception_of(failure: Failure) -> Exception:
    """What a failed request failed with."""
    error = failure.value
    return error if isinstance(error, Exception) else ImsError(str(error))
