"""How far the search has come: which result page is next, when to begin anew, and whether something is missing."""

from __future__ import annotations

from collections.abc import Callable

from ims_spiders.exceptions import ImsError

MAX_PASSES = 3
"""How often the result pages are walked through when fewer issues were found than the tracker declares."""


class SearchGapError(ImsError):
    """Fewer distinct issues were listed than the tracker declared. The crawl goes on with what was listed."""


def _not_yet(page_index: int) -> str:
    raise RuntimeError(f"result page {page_index} asked for before the search form was read")


class SearchProgress:
    """Keeps the declared total against what was listed. No I/O.

    `found` is the number of hits, `listed` that of issues that were seen in the list: more, when some of them are none
    because they were registered before or after the days that are asked for.

    Rows move while one pages: new issues push rows to a later page (they are seen twice), deleted ones pull rows to an
    earlier page (they are missed). Missed rows show as a gap, and the pages are then walked through again. Where the
    total has fallen, the listed issues are no measure of it any more, because those that are gone are among them: then
    one walk has to show as many rows as the total says from its first page to its last. The pages are also walked
    through again when the tracker showed nothing at all, neither rows nor a total: only a total of 0 says that nothing
    was found.
    """

    def __init__(self, max_results: int):
        self.max_results = max_results
        self.page_url: Callable[[int], str] = _not_yet
        self.total: int | None = None
        self._pass = 1
        self._rows_a_page = 0
        self._rows_on_last_page = 0
        self._lost_pages = 0
        self._rows_in_pass = 0
        self._moved_in_pass = False
        self._has_shrunk = False

    def wants_more(self, found: int) -> bool:
        """Whether another hit is within `max_results` (0: no limit)."""
        return self.max_results == 0 or found < self.max_results

    def saw_page(self, page_index: int, total: int | None, rows: int) -> None:
        """Take note of a result page: its declared total and its number of rows."""
        if page_index == 1:
            self._begin_pass()
            self._rows_a_page = rows
        if total is not None:
            if self.total is not None:
                self._has_shrunk |= total < self.total
                self._moved_in_pass |= total != self.total and page_index > 1
            self.total = total
        self._rows_in_pass += rows
        self._rows_on_last_page = rows

    def lost_page(self, page_index: int) -> None:
        """A result page could not be had; the walk goes on behind it, and the gap it leaves is noticed.

        Behind the first one once: the second one may say how many there are.
        """
        if page_index == 1:
            self._begin_pass()
        self._lost_pages += 1
        self._rows_on_last_page = self._rows_a_page or (1 if page_index == 1 else 0)

    def next_page(self, page_index: int, found: int, listed: int) -> int | None:
        """The result page to ask for after `page_index`; None when the search is over."""
        if not self.wants_more(found) or self.complete(listed):
            return None
        if self._rows_on_last_page and not self._beyond_end(page_index):
            return page_index + 1
        if (self.total is not None or self._says_nothing(listed)) and self._pass < MAX_PASSES:
            self._pass += 1
            return 1
        return None

    def complete(self, listed: int) -> bool:
        """Whether all that the tracker declares was listed: nothing missing, nothing cut off by `max_results`."""
        if self.total is None or listed < self.total:
            return False
        return not self._has_shrunk or (not self._moved_in_pass and self._rows_in_pass >= self.total)

    def gap(self, found: int, listed: int) -> SearchGapError | None:
        """What to report when the search ended with fewer issues than declared; None when nothing is missing."""
        if self._says_nothing(listed):
            return SearchGapError(
                f"the tracker shows neither results nor how many there are, in {self._pass} passes; when the search "
                "works in a browser, run the same crawl again"
            )
        if self.total is None or self.complete(listed) or not self.wants_more(found):
            return None
        if listed >= self.total:
            return SearchGapError(
                f"the list of results grew shorter while it was read, and was never seen whole in {self._pass} passes; "
                "run the same crawl again with --refresh missing"
            )
        return SearchGapError(
            f"the tracker declares {self.total} results, {listed} could be listed in {self._pass} passes; "
            "issues were probably deleted or moved meanwhile: run the same crawl again with --refresh missing"
        )

    def _begin_pass(self) -> None:
        self._rows_in_pass = 0
        self._moved_in_pass = False

    def _says_nothing(self, listed: int) -> bool:
        """Whether every page was had, and none says whether anything was found."""
        return self.total is None and not listed and not self._lost_pages

    def _beyond_end(self, page_index: int) -> bool:
        """Whether the next page lies far behind the declared total: a tracker that repeats its last page for ever."""
        if self.total is None:
            return False
        return page_index > self.total // max(self._rows_a_page, 1) + 2
