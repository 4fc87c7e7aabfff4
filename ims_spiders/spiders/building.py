"""Small steps of building an issue: its crawl record, and asking for a page once more through the browser."""

from __future__ import annotations

from datetime import UTC, datetime

from scrapy import Request
from scrapy.http import Response, TextResponse

from ims_spiders.config import RenderMode
from ims_spiders.exceptions import IssueNotAvailable, NotLoggedIn, PageError
from ims_spiders.items import CrawlInfo
from ims_spiders.spiders.frontier import Visit

AS_SENT = "ims_as_sent"
"""Key in a request's meta: the page as it was before its scripts filled it, in bytes."""


def new_crawl_info(visit: Visit, request: Request | None) -> CrawlInfo:
    """The record of this copy of an issue. The session's uuid and the final figures are added when it is stored."""
    latency = float(request.meta.get("download_latency") or 0.0) if request is not None else 0.0
    return CrawlInfo(
        session_uuid="",
        crawl_order=visit.order,
        crawled_at=datetime.now(UTC),
        depth=visit.depth,
        found_by=visit.found_by,
        found_from=visit.found_from,
        duration_ms=round(latency * 1000),
    )


def rendered_again(response: TextResponse, error: PageError, render: RenderMode) -> Request | None:
    """The same request with the page as scripts leave it, when that was not tried yet and may help.

    A page without scripts looks the same in a browser, and a page that says "no such issue" or "log in" is complete.
    """
    request = response.request
    if request is None or render == "never" or request.meta.get("ims_render") == "dom":
        return None
    if isinstance(error, (IssueNotAvailable, NotLoggedIn)) or "<script" not in response.text.lower():
        return None
    again = request.copy()
    again.meta["ims_render"] = "dom"
    again.meta[AS_SENT] = response.body
    return again


def as_sent(response: Response | None) -> Response | None:
    """The page with the bytes that the tracker sent, where a browser has written it anew: as it is kept aside."""
    if response is None or response.request is None or AS_SENT not in response.request.meta:
        return response
    return response.replace(body=response.request.meta[AS_SENT])
