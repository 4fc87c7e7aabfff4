"""Asks again for answers whose end nothing marks: such a one may have been cut anywhere, and look whole."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Self

from scrapy import Request
from scrapy.exceptions import ResponseDataLossError
from scrapy.http import Response

if TYPE_CHECKING:
    from scrapy.crawler import Crawler

UNMARKED = "partial"
"""Scrapy's flag on an answer that had neither a length nor chunks: it ended where the connection did."""
SEEN = "ims_unmarked"
"""Key in a request's meta: what came the last time, as a hash, and how often it was asked for."""
_PAGE_ENDS = (b"</html>", b"</body>", b"]", b"}")


class UnmarkedEndMiddleware:
    """A page and a list have an end of their own. A file is whole when it comes twice in a row the same.

    With a reset in the middle Scrapy hands on what came so far, just as with an end in order.
    """

    def __init__(self, most: int):
        self._most = most

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> Self:
        """Asks again as often as failed requests are repeated (RETRY_TIMES)."""
        return cls(max(1, crawler.settings.getint("RETRY_TIMES")))

    def process_response(self, request: Request, response: Response) -> Request | Response:
        """The answer when it is whole, otherwise the same request. In the end a page is handed on as it is, to be
        refused for what it lacks; for a file ResponseDataLossError is raised."""
        if UNMARKED not in response.flags or response.status != 200 or request.meta.get("ims_login"):
            return response
        is_file = request.meta.get("ims_file_of") is not None
        if not is_file and response.body.rstrip().lower().endswith(_PAGE_ENDS):
            return response
        digest = hashlib.sha256(response.body).hexdigest()
        earlier, times = request.meta.get(SEEN, ("", 0))
        if is_file and digest == earlier:
            return response
        if times >= self._most:
            if not is_file:
                return response
            raise ResponseDataLossError(f"{response.url} does not end the same way twice; nothing marks its end")
        again = request.copy()
        again.meta[SEEN] = (digest, times + 1)
        again.dont_filter = True
        return again
