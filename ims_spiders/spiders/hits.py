"""Which of the listed issues are hits: registered on the days that are asked for, and as many as wanted. No I/O."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date, datetime
from zoneinfo import ZoneInfo

from ims_spiders.spiders.frontier import Frontier, Visit


@dataclass(frozen=True, slots=True)
class Days:
    """From `since` on, until before `until`, where the tracker is; None is open."""

    zone: ZoneInfo
    since: date | None = None
    until: date | None = None

    @property
    def all(self) -> bool:
        """Whether every day is in them."""
        return self.since is None and self.until is None

    def hold(self, moment: datetime) -> bool:
        """Whether an aware time is on one of these days."""
        day = moment.astimezone(self.zone).date()
        return (self.since is None or day >= self.since) and (self.until is None or day < self.until)


class Hits:
    """Takes what the search lists, in its order, and says what is to be visited.

    Where the list does not say when an issue was registered, its page does. Until then it counts as a hit, so that
    never more are visited than wanted, and the hits are the first of the list whatever answer comes first. An issue
    that says it nowhere is one.
    """

    def __init__(self, frontier: Frontier, days: Days, wants_more: Callable[[int], bool]):
        self._frontier = frontier
        self._days = days
        self._wants_more = wants_more
        self._known: set[str] = set()
        self._waiting: deque[tuple[str, bool]] = deque()
        self._undecided: set[str] = set()
        self.outside = 0
        """How many were registered on other days."""

    @property
    def undecided(self) -> bool:
        """Whether there are visits whose page will say whether they are hits."""
        return bool(self._undecided)

    @property
    def undated(self) -> bool:
        """Whether the days decide, and the list has not said of one issue when it was registered."""
        return bool(self._waiting) and not self.outside and all(doubtful for _, doubtful in self._waiting)

    @property
    def listed(self) -> int:
        """How many of the list are dealt with: hits, and those of other days."""
        return self._frontier.hits + self.outside

    def add(self, issue_id: str, issued: datetime | None) -> None:
        """A row of the list; one that comes again counts once."""
        if issue_id in self._known:
            return
        self._known.add(issue_id)
        if issued is not None and not self._days.hold(issued):
            self.outside += 1
        else:
            self._waiting.append((issue_id, issued is None and not self._days.all))

    def admitted(self) -> Iterator[Visit]:
        """The visits that follow, as far as more are wanted. What is decided meanwhile makes room for others."""
        while self._waiting and self._wants_more(self._frontier.hits):
            issue_id, doubtful = self._waiting.popleft()
            visit = self._frontier.add_hit(issue_id)
            if visit is None:
                continue
            if doubtful:
                self._undecided.add(issue_id)
            yield visit

    def decide(self, issue_id: str, registered: datetime | None) -> bool:
        """Whether the issue is visited any further, now that its own page was seen (None: it did not say when)."""
        if issue_id not in self._undecided:
            return True
        self._undecided.remove(issue_id)
        if registered is None or self._days.hold(registered):
            return True
        self._frontier.drop_hit(issue_id)
        self.outside += 1
        return False
