"""The figures of one crawl as they grow, in the names of crawl_sessions. No I/O."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from typing import Any

from ims_spiders.items import Issue


@dataclass(slots=True)
class SessionStatistics:
    """Counts and times of this run. Times come from a clock that never goes back, in milliseconds."""

    total_issues_found: int = 0
    issues_stored: int = 0
    attachments_downloaded: int = 0
    related_issues: int = 0
    errors: int = 0
    issue_time_ms: int = 0
    failed: set[str] = field(default_factory=set)
    stored: set[str] = field(default_factory=set)
    unavailable: set[str] = field(default_factory=set)
    _search_began: float | None = None
    _search_ended: float | None = None
    _crawl_began: float | None = None
    _crawl_ended: float | None = None

    def request_sent(self, *, is_issue: bool) -> None:
        """A page was asked for: the first one begins the search, the first issue's begins the crawl."""
        now = _now()
        if is_issue:
            self._crawl_began = self._crawl_began or now
        else:
            self._search_began = self._search_began or now

    def search_ended(self, total: int | None, found: int) -> None:
        """The last result page was read."""
        self.total_issues_found = total if total is not None else found
        self._search_ended = _now()

    def issue_stored(self, issue: Issue) -> None:
        """An issue became durable; a resumed session may store one again."""
        self._crawl_ended = _now()
        if issue.issue_id in self.stored:
            return
        self.stored.add(issue.issue_id)
        self.failed.discard(issue.issue_id)
        self.issues_stored += 1
        assert issue.crawl is not None
        self.issue_time_ms += issue.crawl.duration_ms
        self.related_issues += issue.crawl.found_by != "search"

    def times(self) -> dict[str, Any]:
        """The times in the names of crawl_sessions; None for what did not take place."""
        average = self.issue_time_ms / self.issues_stored if self.issues_stored else None
        return {
            "search_time_ms": _between(self._search_began, self._search_ended),
            "crawl_time_ms": _between(self._crawl_began, self._crawl_ended),
            "avg_issue_time_ms": round(average) if average is not None else None,
        }


def _now() -> float:
    return time.monotonic() * 1000


def _between(began: float | None, ended: float | None) -> int | None:
    return None if began is None or ended is None else max(0, round(ended - began))
