"""What an answer of the tracker is taken for before anybody has read it, and what it was asked for. No I/O."""

from __future__ import annotations

import zlib
from typing import Any

from scrapy import Request
from scrapy.http import HtmlResponse, Response, TextResponse

from ims_spiders.exceptions import IssueNotAvailable, NotLoggedIn
from ims_spiders.pages.login import is_login_page, is_login_url

READERS = {
    "parse_search_form": "search_form",
    "parse_search_results": "search",
    "parse_issue": "issue",
    "parse_unlisted": "issue",
    "parse_relations": "relations",
    "parse_patch_list": "patches",
}
"""The callbacks of the spider, and what each reads."""
MOST_UNPACKED = 4_000_000
"""Bytes of a packed page that are looked at: a login page is short."""


def asked_for(request: Request) -> str:
    """What the request is for: one of READERS' values, `login`, `attachment`, or `issue` for a page in the browser."""
    if request.meta.get("ims_login"):
        return "login"
    if request.meta.get("ims_file_of") is not None:
        return "attachment"
    # What no callback reads is the page that shows how files are asked for.
    return READERS.get(getattr(request.callback, "__name__", ""), "issue")


def taken_for(request: Request, response: Response) -> str:
    """What the answer looks like: what was asked for, or `login`, `redirect`, `error` (its status), `unreadable`."""
    kind = asked_for(request)
    if 300 <= response.status < 400:
        location = (response.headers.get("Location") or b"").decode("latin-1")
        return "login" if is_login_url(response.urljoin(location)) else "redirect"
    if response.status != 200:
        return "error"
    text = None if response.headers.get("Content-Disposition") else _text(response)
    if text is None:
        return kind
    if is_login_page(text, response.url):
        return "login"
    html = b"html" in (response.headers.get("Content-Type") or b"").lower()
    return "unreadable" if kind == "attachment" and html else kind


def read_as(error: Exception) -> str:
    """What an answer was taken for by whoever failed to read it."""
    if isinstance(error, IssueNotAvailable):
        return "denied"
    return "login" if isinstance(error, NotLoggedIn) else "unreadable"


def origin(request: Request) -> tuple[str | None, int | None]:
    """Where the address was found, `search` or an issue's number, and how far from a hit; None where neither holds."""
    visit = request.cb_kwargs.get("visit")
    if visit is not None:
        return visit.found_from or "search", visit.depth
    issue: Any = request.cb_kwargs.get("issue") or request.meta.get("ims_file_of")
    if issue is not None:
        return issue.issue_id, issue.crawl.depth if issue.crawl is not None else None
    return ("search" if "issue_id" in request.cb_kwargs else None), None


def _text(response: Response) -> str | None:
    """The text of a page, also of one that is still packed, as the tracker sent it; None for what is no text."""
    if isinstance(response, TextResponse):
        return response.text
    packed = (response.headers.get("Content-Encoding") or b"").lower() in {b"gzip", b"x-gzip"}
    if not packed or b"html" not in (response.headers.get("Content-Type") or b"").lower():
        return None
    try:
        body = zlib.decompressobj(zlib.MAX_WBITS | 16).decompress(response.body, MOST_UNPACKED)
    except zlib.error:
        return None
    return HtmlResponse(response.url, headers=response.headers, body=body).text
